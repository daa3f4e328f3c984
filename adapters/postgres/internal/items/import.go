package items

import (
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

// Import works on a raw connection of its own, since COPY needs one: the scope
// travels with BEGIN, and a connection that isn't left clean is thrown away.
func (s *transfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) (err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	conn, err := s.pool.Bulk.Conn(ctx)
	if err != nil {
		return pgerr.Translate(err)
	}
	stop, err := watch(ctx, conn)
	if err != nil {
		return pgerr.Translate(err)
	}
	clean := false
	defer func() {
		if stopped := stop(); stopped || !clean { // also when fn panics
			discard(conn)
		}
		err = firstError(err, pgerr.Translate(conn.Close()))
	}()
	if err := s.beginImport(ctx, conn, tenant); err != nil {
		return s.importError(ctx, err)
	}
	im := &importing{declared: s.declared, conn: conn, tenant: tenant, id: pool.NewID()}
	if err := fn(im); err != nil {
		return s.importError(ctx, err)
	}
	if err := im.finish(ctx); err != nil {
		return s.importError(ctx, err)
	}
	clean = true
	s.chain(ctx)
	return nil
}

// chain puts the import's entry into the audit log's chain. Should that fail, the
// next one to read or to write the log does it.
func (s *transfers) chain(ctx context.Context) {
	if err := audit.Chain(ctx, s.pool); err != nil {
		s.pool.Settings.Logger.WarnContext(ctx,
			"an entry of the audit log still waits for its place in the chain", "error", err)
	}
}

// importLock is the first key of the advisory lock that imports into one tenant
// queue at; the second is a hash of the tenant.
const importLock = 0x62776b69 // "bwki"

// bulkPlans keep an import's cost in proportion to its size. The planner knows
// nothing of staged items, nor of the rows of a tenant that is new: it takes both
// for one or two, and would loop over all of one for each of the other. Nor may
// the cost that it sees in the loops that remain set its compiler to work.
const bulkPlans = ";SET LOCAL statement_timeout = '30min';SET LOCAL enable_nestloop = off;SET" +
	" LOCAL jit = off;SET LOCAL cursor_tuple_fraction = 1"

// beginImport opens a transaction in which no other import into the tenant
// runs. Its snapshot must be younger than the last import's end, so the lock is
// tried anew in a new transaction rather than waited for. So it is where somebody
// was adding items of a kind that the tenant has a quota of: the snapshot would
// count them out.
func (s *transfers) beginImport(ctx context.Context, conn bun.Conn, tenant tenancy.ID) error {
	for {
		signed, err := s.pool.Keyring.Sign(tenant)
		if err != nil {
			return err
		}
		begin := "BEGIN ISOLATION LEVEL REPEATABLE READ;SET LOCAL bailiwick.tenant='" + signed +
			"'" + bulkPlans
		if _, err := conn.ExecContext(ctx, begin); err != nil {
			return err
		}
		var locked bool
		err = conn.NewRaw("SELECT pg_try_advisory_xact_lock(?, hashtext(?))", importLock,
			tenant.String()).Scan(ctx, &locked)
		if err == nil && locked {
			_, err = conn.ExecContext(ctx, "SELECT bailiwick.lock_quota()")
		}
		if counted := pgerr.State(err) == pgerr.StateSerialization; err != nil && !counted ||
			err == nil &&
				locked {
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

// watch stops what an import is doing on the server when ctx ends.
func watch(ctx context.Context, conn bun.Conn) (stop func() bool, err error) {
	err = conn.Raw(func(driverConn any) error {
		stop = session.Watch(ctx, driverConn.(*pgdriver.Conn))
		return nil
	})
	return stop, err
}

// discard closes the connection under conn, and with it the transaction. It is
// sure whatever state the connection is in, in the middle of a COPY too.
func discard(conn bun.Conn) {
	_ = conn.Raw(func(driverConn any) error {
		if closer, ok := driverConn.(interface{ Close() error }); ok {
			_ = closer.Close()
		}
		return nil
	})
}

// importing is one import under way.
type importing struct {
	declared *declare.Set
	conn     bun.Conn
	tenant   tenancy.ID
	id       string // names the import's staged items

	applied bool
	details map[string]any // for the audit log
}

var _ ports.Import = (*importing)(nil)

func (im *importing) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	for _, t := range im.declared.SortedKinds() {
		err := im.eachPage(ctx, t, func(page []pair) error {
			for _, p := range page {
				converted, err := p.convert(t)
				if err != nil {
					return err
				}
				if err := yield(converted); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return pgerr.Translate(err)
		}
	}
	return nil
}

// pair is a staged item beside the target's row, whose columns are NULL if
// there is none.
type pair struct {
	stagedRow
	TID        *string   `bun:"t_id"`
	TLabels    []byte    `bun:"t_labels"`
	TSpec      []byte    `bun:"t_spec"`
	TVersion   int64     `bun:"t_version"`
	TUpdatedAt time.Time `bun:"t_updated_at"`
	TCreatedAt time.Time `bun:"t_created_at"`
}

func (p pair) convert(t *declare.Table) (ports.Pair, error) {
	incoming, err := p.item()
	if err != nil || p.TID == nil {
		return ports.Pair{Incoming: incoming}, err
	}
	current := federation.Item{Ref: incoming.Ref, Spec: p.TSpec, Version: p.TVersion,
		UpdatedAt: p.TUpdatedAt.UTC()}
	if current.Labels, err = labelsOf(p.TLabels); err != nil {
		return ports.Pair{}, err
	}
	if current, err = current.Seal(); err != nil {
		return ports.Pair{}, err
	}
	pristine := t.Singleton != "" && p.TVersion == 1 && p.TUpdatedAt.Equal(p.TCreatedAt)
	return ports.Pair{Incoming: incoming, Current: &current, Pristine: pristine}, nil
}

// eachPage gives the staged items of a kind beside the target's, by name.
func (im *importing) eachPage(ctx context.Context, t *declare.Table, fn func([]pair) error) error {
	query := "SELECT " + stagedColumns + ", c.id AS t_id, c.labels AS t_labels, c.spec AS t_spec," +
		" c.version AS t_version, c.updated_at AS t_updated_at, c.created_at AS t_created_at" +
		" FROM bailiwick.staged AS s LEFT JOIN (" + itemsql.SelectItems(im.declared, t) +
		" WHERE t.tenant_id = ?0) AS c ON c.name = s.name" +
		ofStaged + ` ORDER BY s.name COLLATE "C"`
	return fetch(ctx, im.conn, query, fn, im.tenant, im.id, t.Kind)
}

func (im *importing) Exists(ctx context.Context, ref federation.Ref) (bool, error) {
	t, ok := im.declared.ByKind[ref.Kind]
	if !ok {
		return false, nil
	}
	var exists bool
	err := im.conn.NewRaw(fmt.Sprintf(
		`SELECT EXISTS (SELECT FROM %s AS t WHERE t.tenant_id = ?0 AND %s)
		OR EXISTS (SELECT FROM bailiwick.staged AS s WHERE s.tenant_id = ?0 AND s.import = ?1 AND s.kind COLLATE "C" = ?2 AND s.name COLLATE "C" = ?3)`,
		t.SQL, itemsql.NameEquals(t, "t", "?3")), im.tenant, im.id, ref.Kind, ref.Name).
		Scan(ctx, &exists)
	return exists, pgerr.Translate(err)
}

func (im *importing) Describe(details map[string]any) { im.details = details }

// finish empties the staging table, writes the import into the audit log, and
// commits. The entry waits to be put into the chain, whose end an import's
// snapshot doesn't show.
func (im *importing) finish(ctx context.Context) error {
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
	_, err = im.conn.ExecContext(ctx, "COMMIT")
	return err
}
