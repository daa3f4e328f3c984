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
	// SignatureLifetime is how long the signed tenant of a statement is valid. It is longer
	// than the two minutes that a pooler may delay a message before the transaction begins.
	SignatureLifetime = 5 * time.Minute

	// KeyActivationDelay is the time between the creation of a key and its first signature.
	// Every instance reads the key meanwhile.
	KeyActivationDelay = time.Minute

	// keyRefreshInterval is how often an instance reads the keys.
	keyRefreshInterval = 15 * time.Second
)

// signingKey is a valid key.
type signingKey struct {
	session.Key
	signsFrom time.Time // by the database's clock
}

// signingKeys are the keys that were valid when they were read, the youngest first.
type signingKeys struct {
	keys         []signingKey
	databaseTime time.Time // of the database's clock, when the keys were read
	readAt       time.Time // of this process's clock, before they were read
}

// now returns the time of the database's clock. It adds the elapsed time of this process's
// monotonic clock, so that a change of the wall clock has no effect.
func (k *signingKeys) now() time.Time { return k.databaseTime.Add(time.Since(k.readAt)) }

// Keyring signs tenants with the database's keys. It reads the keys as the system role. The
// application's role can't read them, so SQL injected into its statements can't sign a
// tenant. A Keyring is safe for concurrent use.
type Keyring struct {
	system *bun.DB
	loaded atomic.Pointer[signingKeys] // nil before Load
}

var errNoSigningKey = tenancy.Errorf(tenancy.CodeUnavailable,
	"the database has no key that signs tenants: migrate first")

// Sign returns the value of the setting that passes the tenant to the database, signed with
// the youngest key that may sign already. Without such a key the error's code is
// [tenancy.CodeUnavailable].
func (r *Keyring) Sign(tenant tenancy.ID) (string, error) {
	loaded := r.loaded.Load()
	if loaded == nil {
		return "", errNoSigningKey
	}
	now := loaded.now()
	for _, k := range loaded.keys {
		if !k.signsFrom.After(now) {
			return k.Sign(tenant, now.Add(SignatureLifetime)), nil
		}
	}
	return "", errNoSigningKey
}

// Setting returns the statement that binds a transaction to a tenant; see [Keyring.Sign].
func (r *Keyring) Setting(tenant tenancy.ID) (string, error) {
	signed, err := r.Sign(tenant)
	if err != nil {
		return "", err
	}
	return session.SetTenant(signed), nil
}

// Load reads the valid keys and the database's clock. Without a valid key the error's code is
// [tenancy.CodeUnavailable].
func (r *Keyring) Load(ctx context.Context) error {
	ctx = CrossTenant(ctx, "read the keys that sign tenants")
	var rows []struct {
		InnerPad  []byte
		SignsFrom time.Time
		Now       time.Time
	}
	readAt := time.Now()
	err := r.system.NewRaw(`SELECT inner_pad, signs_from, clock_timestamp() AS now
		FROM bailiwick.signing_keys WHERE expires_at > now()
		ORDER BY signs_from DESC, id`).Scan(ctx, &rows)
	if err != nil {
		return pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return errNoSigningKey
	}
	loaded := &signingKeys{databaseTime: rows[0].Now, readAt: readAt}
	for _, row := range rows {
		key, ok := session.KeyFromInnerPad(row.InnerPad)
		if !ok {
			return errNoSigningKey
		}
		loaded.keys = append(loaded.keys, signingKey{key, row.SignsFrom})
	}
	r.loaded.Store(loaded)
	return nil
}

// StartKeyRefresh starts reading the keys every 15 seconds, until the pool is closed.
func (p *Pool) StartKeyRefresh() { p.Background.Start(p.refreshKeys) }

// refreshKeys reads the keys regularly until ctx ends.
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
				"the keys that sign tenants can't be read; the keys read before are used",
				"error", err)
		}
	}
}

// AddSigningKey creates a key that signs from now + delay.
func AddSigningKey(ctx context.Context, tx bun.IDB, delay time.Duration) error {
	var key session.Key
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	inner, outer := key.Pads()
	_, err := tx.NewRaw("INSERT INTO bailiwick.signing_keys (inner_pad, outer_pad, signs_from)"+
		" VALUES (?, ?, now() + make_interval(secs => ?))",
		inner, outer, delay.Seconds()).Exec(ctx)
	return err
}

// EnsureSigningKey creates a key that signs at once, if there is no valid key.
func EnsureSigningKey(ctx context.Context, tx bun.IDB) error {
	var exists bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM bailiwick.signing_keys WHERE expires_at > now())").
		Scan(ctx, &exists)
	if err != nil || exists {
		return err
	}
	if err := AddSigningKey(ctx, tx, 0); err != nil {
		return err
	}
	// Without statistics the planner assumes that the table has ten pages. The plan that each
	// session then caches takes 1.5 times as long.
	_, err = tx.ExecContext(ctx, "ANALYZE bailiwick.signing_keys")
	return err
}
