package pool

import (
	"context"
	"crypto/rand"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	// SignatureLifetime is how long the tenant of a statement stays signed. A pooler
	// may let a message wait for two minutes before the transaction begins.
	SignatureLifetime = 5 * time.Minute

	// keyRefreshInterval is how often an instance looks for new keys, and keyNotice how
	// long it has for it before a new key signs.
	keyRefreshInterval = 15 * time.Second
	KeyActivationDelay = time.Minute
)

// signingKey is a key in force.
type signingKey struct {
	session.Key
	from time.Time // by the database's clock
}

// signingKeys are those in force at one time, the youngest first.
type signingKeys struct {
	keys []signingKey
	at   time.Time // by the database's clock, when read
	read time.Time // by this process's
}

// now is the database's time. A clock that is set meanwhile doesn't change it:
// what passes is measured by a monotonic one.
func (k *signingKeys) now() time.Time { return k.at.Add(time.Since(k.read)) }

// Keyring signs tenants with the database's keys. It reads them as the system
// role: the application's can't, and so what is injected into its statements
// can't sign.
type Keyring struct {
	system *bun.DB
	held   atomic.Pointer[signingKeys]
}

var errNoSigningKey = tenancy.Errorf(tenancy.CodeUnavailable,
	"the database has no key that signs tenants: migrate first")

// Sign answers the setting that names tenant to the database.
func (r *Keyring) Sign(tenant tenancy.ID) (string, error) {
	held := r.held.Load()
	if held == nil {
		return "", errNoSigningKey
	}
	now := held.now()
	for _, k := range held.keys {
		if !k.from.After(now) {
			return k.Sign(tenant, now.Add(SignatureLifetime)), nil
		}
	}
	return "", errNoSigningKey
}

// Load reads the keys that are in force, and the database's clock.
func (r *Keyring) Load(ctx context.Context) error {
	ctx = CrossTenant(ctx, "read the keys that sign tenants")
	var rows []struct {
		InnerPad  []byte
		SignsFrom time.Time
		Now       time.Time
	}
	asked := time.Now()
	err := r.system.NewRaw(`SELECT inner_pad, signs_from, clock_timestamp() AS now
		FROM bailiwick.signing_keys WHERE expires_at > now() ORDER BY signs_from DESC, id`).Scan(ctx, &rows)
	if err != nil {
		return pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return errNoSigningKey
	}
	held := &signingKeys{at: rows[0].Now, read: asked}
	for _, row := range rows {
		key, ok := session.KeyOf(row.InnerPad)
		if !ok {
			return errNoSigningKey
		}
		held.keys = append(held.keys, signingKey{key, row.SignsFrom})
	}
	r.held.Store(held)
	return nil
}

// StartKeyRefresh starts what looks for new keys, until the pool is closed.
func (p *Pool) StartKeyRefresh() { p.Background.Start(p.refreshKeys) }

// refreshKeys looks for new keys until ctx ends.
func (p *Pool) refreshKeys(ctx context.Context) {
	tick := time.NewTicker(keyRefreshInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := p.Keyring.Load(ctx); err != nil && ctx.Err() == nil {
			p.Settings.Logger.WarnContext(ctx,
				"the keys that sign tenants can't be read; those at hand are used", "error", err)
		}
	}
}

// AddSigningKey makes a key that signs after a while.
func AddSigningKey(ctx context.Context, tx bun.IDB, notice time.Duration) error {
	var key session.Key
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	inner, outer := key.Pads()
	_, err := tx.NewRaw("INSERT INTO bailiwick.signing_keys (inner_pad, outer_pad, signs_from)"+
		" VALUES (?, ?, now() + make_interval(secs => ?))",
		inner, outer, notice.Seconds()).Exec(ctx)
	return err
}

// EnsureSigningKey makes a key where none is in force.
func EnsureSigningKey(ctx context.Context, tx bun.IDB) error {
	var some bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM bailiwick.signing_keys WHERE expires_at > now())").
		Scan(ctx, &some)
	if err != nil || some {
		return err
	}
	if err := AddSigningKey(ctx, tx, 0); err != nil {
		return err
	}
	// Of a table that it knows nothing about the planner expects ten pages, and
	// the plan that each session then keeps takes half as long again.
	_, err = tx.ExecContext(ctx, "ANALYZE bailiwick.signing_keys")
	return err
}
