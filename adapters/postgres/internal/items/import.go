package items

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Import runs on one connection, because COPY needs it: the tenant's scope is set with BEGIN. A
// connection that Import doesn't leave in a clean state is closed instead of reused.
func (s *transfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) (err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	leave, err := s.pool.Imports.Enter(ctx, tenant)
	if err != nil {
		return err
	}
	defer leave()
	conn, err := s.pool.Bulk.Conn(ctx)
	if err != nil {
		return pgerr.Translate(err)
	}
	stop, err := cancelWithContext(ctx, conn)
	if err != nil {
		return pgerr.Translate(err)
	}
	clean := false
	defer func() { // also if fn panics
		if canceled := stop(); canceled || !clean {
			closeDriverConn(conn)
		}
		err = cmp.Or(err, pgerr.Translate(conn.Close()))
	}()
	if err := s.beginImport(ctx, conn, tenant); err != nil {
		return s.importError(ctx, err)
	}
	// from here on the items are staged under the import's id
	im := &importRun{declared: s.declared, conn: conn, tenant: tenant, id: pool.NewID()}
	if err = fn(im); err != nil {
		clean = im.rollback(ctx)
	} else {
		err = im.finish(ctx, s.pool)
	}
	if err != nil {
		return s.pool.HideUnlessAllowed(ctx, s.importError(ctx, err))
	}
	clean = true
	s.chainAudit(ctx)
	return nil
}

// chainAudit adds the import's audit entry to the tenant's chain. If that fails, the next call
// that reads or appends to the log does it.
func (s *transfers) chainAudit(ctx context.Context) {
	if err := audit.Chain(ctx, s.pool); err != nil {
		s.pool.Settings.Logger.WarnContext(ctx, "the import's audit entry is stored, but not in"+
			" the chain yet; the next use of the audit log adds it", "error", err)
	}
}

// importLock is the first key of the advisory lock that keeps two imports into one tenant apart;
// the second key is a hash of the tenant.
const importLock = 0x62776b69 // "bwki"

// importSettings keep an import's duration in proportion to its size. The planner has no
// statistics of staged items, nor of the rows of a new tenant. It assumes one or two rows of
// each, and would read all rows of one for each row of the other in a nested loop. The cost that
// it estimates for the nested loops that remain would also start the JIT compiler.
const importSettings = ";SET LOCAL statement_timeout = '30min';SET LOCAL enable_nestloop = off;" +
	"SET LOCAL jit = off;SET LOCAL cursor_tuple_fraction = 1"

// beginImport begins a transaction in which no other import into the tenant runs. The snapshot
// must be younger than the end of the last import, so beginImport doesn't wait for the lock, but
// begins a new transaction and tries again. It does the same if another transaction is adding
// items of a kind that has a quota: the snapshot wouldn't count them.
func (s *transfers) beginImport(ctx context.Context, conn bun.Conn, tenant tenancy.ID) error {
	for {
		locked, err := s.tryBeginImport(ctx, conn, tenant)
		if err != nil || locked {
			return err
		}
		if _, err := conn.ExecContext(ctx, "ROLLBACK"); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20*time.Millisecond + rand.N(30*time.Millisecond)):
		}
	}
}

// tryBeginImport begins a transaction, and reports whether it got all locks of an import.
func (s *transfers) tryBeginImport(
	ctx context.Context, conn bun.Conn, tenant tenancy.ID,
) (locked bool, err error) {
	signed, err := s.pool.Keyring.Sign(tenant)
	if err != nil {
		return false, err
	}
	pins, err := session.PinsOf(conn)
	if err != nil {
		return false, err
	}
	begin := "BEGIN;" + pins + "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;" +
		session.SetByLibrary + ";SET LOCAL bailiwick.tenant='" + signed + "'" + importSettings
	if _, err := conn.ExecContext(ctx, begin); err != nil {
		return false, err
	}
	// This statement takes the snapshot before it tries the lock. If an import ends in between,
	// lock_quota fails with a serialization error.
	err = conn.NewRaw("SELECT pg_try_advisory_xact_lock(?, hashtext(?))", importLock,
		tenant.String()).Scan(ctx, &locked)
	if err == nil && locked {
		_, err = conn.ExecContext(ctx, "SELECT bailiwick.lock_quota()")
	}
	if pgerr.State(err) == pgerr.StateSerialization {
		return false, nil // the snapshot doesn't show the last import, or an item that counts
	}
	return locked, err
}

// cancelWithContext cancels what conn is doing on the server when ctx ends, until stop is called.
// stop reports whether it was canceled.
func cancelWithContext(ctx context.Context, conn bun.Conn) (stop func() bool, err error) {
	err = conn.Raw(func(driverConn any) error {
		stop = session.Watch(ctx, driverConn.(*pgdriver.Conn))
		return nil
	})
	return stop, err
}

// rollbackTimeout limits the end of an import that isn't stored.
const rollbackTimeout = 5 * time.Second

// rollback ends the transaction of an import that isn't stored, such as a dry run, and reports
// whether the connection can be reused. PostgreSQL logs a warning for a connection that is
// closed in a transaction.
func (im *importRun) rollback(ctx context.Context) bool {
	if im.copyFailed || ctx.Err() != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, rollbackTimeout)
	defer cancel()
	_, err := im.conn.ExecContext(ctx, "ROLLBACK")
	return err == nil
}

// closeDriverConn closes the driver's connection of conn, and with it the transaction. Unlike a
// ROLLBACK, this works in every state of the connection, even in the middle of a COPY.
func closeDriverConn(conn bun.Conn) {
	_ = conn.Raw(func(driverConn any) error {
		if closer, ok := driverConn.(interface{ Close() error }); ok {
			_ = closer.Close()
		}
		return nil
	})
}

// importRun is an import in progress.
type importRun struct {
	declared *declare.Set
	conn     bun.Conn
	tenant   tenancy.ID
	id       string // of this import, in its staged items
	source   string // the id of the tenant that the items come from, "" if it isn't remembered

	decided bool                   // Apply knows what to write
	renamed bool                   // an item has another name in the target than in the source
	removes bool                   // an item is deleted
	missing []federation.SecretUse // whose value the vault doesn't have
	applied bool                   // only an applied import has an audit entry

	copyFailed bool           // the connection is in an unknown state
	details    map[string]any // of the audit entry
}

var _ ports.Import = (*importRun)(nil)

// Exists compares names byte by byte, as the unique keys of items do.
func (im *importRun) Exists(ctx context.Context, ref federation.Ref) (bool, error) {
	t, ok := im.declared.ByKind[ref.Kind]
	if !ok {
		return false, nil
	}
	var exists bool
	err := im.conn.NewRaw(fmt.Sprintf(
		`SELECT EXISTS (SELECT FROM %s AS t WHERE t.%s = ?0 AND %s)
		OR EXISTS (SELECT FROM bailiwick.staged AS s
		   WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE "C" = ?2 AND s.name COLLATE "C" = ?3)
		OR EXISTS (SELECT FROM bailiwick.bases AS b
		   WHERE b.tenant_id = ?0 AND b.source = ?4 AND b.kind = ?2 AND b.local_name = ?3)`,
		t.SQL, t.Tenant(), itemsql.NameEquals(t, "t", "?3")+itemsql.Living(t, "t")),
		im.tenant, im.id, ref.Kind, ref.Name, im.sourceID()).
		Scan(ctx, &exists)
	return exists, pgerr.Translate(err)
}

func (im *importRun) Describe(details map[string]any) { im.details = details }

// finish deletes the import's staged items, records an applied import in the audit log, and
// commits if the call still has its right. The entry isn't in the tenant's chain yet, whose end
// an import's snapshot doesn't show. Nor does it show whether the right has ended.
func (im *importRun) finish(ctx context.Context, p *pool.Pool) error {
	_, err := im.conn.NewRaw("DELETE FROM bailiwick.staged WHERE tenant_id = ? AND import = ?",
		im.tenant, im.id).Exec(ctx)
	if err != nil {
		return err
	}
	if im.applied {
		if err := audit.Record(ctx, im.conn, federation.ImportEvent(im.details)); err != nil {
			return err
		}
	}
	return p.CommitWithRight(ctx, im.tenant, func() error {
		_, err := im.conn.ExecContext(ctx, "COMMIT")
		return err
	})
}
