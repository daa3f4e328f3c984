package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// DB is an open database: its pools, and the adapters of the ports upon it. It
// is safe for concurrent use.
type DB struct {
	config   config
	pool     *Pool
	source   *Source
	observer *Observer // nil: every table enforces
	services ports.Services
}

// Open connects to the database, brings its schema up, and checks that the
// walls stand. With MultiTenant it refuses a database whose walls don't.
func Open(ctx context.Context, o Options) (*DB, error) {
	c, err := o.check()
	if err != nil {
		return nil, err
	}
	if !c.skipMigrations {
		if err := bringUp(ctx, c.MigrationConfig,
			MigrationOptions{OnEvent: logged(ctx, c.Logger)}); err != nil {
			return nil, err
		}
	}
	if err := checkContracted(ctx, c.MigrationConfig); err != nil {
		return nil, err
	}
	sealer, err := newSealer(c.secretsKey)
	if err != nil {
		return nil, err
	}
	pool, err := OpenPool(ctx, c.Settings)
	if err != nil {
		return nil, err
	}
	observer := NewObserver(c.Declared.modes(c.tables), c.Logger)
	db := &DB{
		config: c, pool: pool, observer: observer,
		source: NewSource(pool.App, c.tables, c.QueryHooks, observer),
	}
	if err := db.load(ctx, sealer); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	pool.KeepKeys()
	Keep(pool, c.auditRetention)
	return db, nil
}

// load reads what the adapters need to know of the database, and refuses one that
// can't be served.
func (db *DB) load(ctx context.Context, sealer *sealer) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	if err := db.pool.Keyring.load(ctx); err != nil {
		return err
	}
	if err := db.pool.LoadTimeout(ctx); err != nil {
		return err
	}
	if err := db.checkIsolation(ctx); err != nil {
		return err
	}
	instance, err := Instance(ctx, db.pool)
	if err != nil {
		return err
	}
	if err := checkSingle(ctx, db.pool); err != nil {
		return err
	}
	if err := db.pool.LoadInfo(ctx); err != nil {
		return err
	}
	db.services = newServices(db.pool, db.config.Declared, instance, &vault{pool: db.pool, sealer: sealer})
	return nil
}

// checkIsolation refuses a database in which tenants can't be kept apart.
func (db *DB) checkIsolation(ctx context.Context) error {
	findings, err := db.Doctor(ctx)
	if err != nil {
		return err
	}
	return Refusal(findings, db.pool.Settings.MultiTenant)
}

// PoolStats tells of the pools: "app" has the tenants' work, "system" what
// crosses tenants, "bulk" exports and imports.
func (db *DB) PoolStats() map[string]sql.DBStats { return db.pool.Stats() }

// Ready reports whether the database can be reached, its schema is current and,
// with MultiTenant, its walls stand.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	return db.checkIsolation(ctx)
}

func (db *DB) current(ctx context.Context) error {
	if err := db.pool.App.PingContext(ctx); err != nil {
		return translate(err)
	}
	return CheckCurrent(ctx, db.pool, db.config.MigrationConfig)
}

// Close closes the pools. Statements under way are waited for.
func (db *DB) Close() error { return db.pool.Close() }

// Scoped binds a handle to the tenant in ctx. Without one, every statement that
// it makes is an error with [tenancy.CodeNoTenant]. Within [Scoped.RunInTx] the
// handle is the one given to the function: another one of the same context would
// run outside the transaction, and is an error therefore.
func (db *DB) Scoped(ctx context.Context) *Scoped { return db.source.Bind(ctx) }

// Observed are the places that made statements for no tenant since the database
// was opened, by table and place.
func (db *DB) Observed() []Observation { return db.observer.Observed() }

// Doctor examines the catalog for what would let rows cross tenants. It is what
// [Open] and [DB.Ready] ask, and reads no table of the host's: [Doctor], the
// function, also looks for rows without a tenant.
//
// With MultiTenant off, findings about the application's role don't apply.
func (db *DB) Doctor(ctx context.Context) ([]Finding, error) {
	return Running(ctx, db.pool, db.config.Declared)
}

// RotateSigningKey makes a new key for signing tenants. All instances have it
// before it signs, a minute from now, and what the keys before it signed stays
// good until it expires: no statement is refused, and nothing is restarted.
func (db *DB) RotateSigningKey(ctx context.Context) error { return RotateSigningKey(ctx, db.pool) }

// Kinds describes the declared kinds.
func (db *DB) Kinds() *federation.Kinds { return db.config.Declared.kinds }

// Tenants stores the tenants of the installation.
func (db *DB) Tenants() ports.Tenants { return db.services.Tenants }

// Services is every port upon this database.
func (db *DB) Services() ports.Services { return db.services }

func newServices(p *Pool, d *declarations, instance string, v *vault) ports.Services {
	log := &audit{p}
	return ports.Services{
		Instance:  instance,
		Kinds:     d.kinds,
		Tenants:   &tenants{p, d},
		Keys:      &keys{p},
		KeyFinder: &keyFinder{p},
		Resources: &resources{p, d, v},
		Transfers: &transfers{p, d, log},
		Vault:     v,

		Audit:         log,
		PlatformAudit: &platformAudit{p},

		Users:            &users{p},
		Members:          &members{p},
		Memberships:      &memberships{p},
		Invitations:      &invitations{p},
		InvitationFinder: &invitationFinder{p},

		Passwords:     &passwords{p},
		Sessions:      &sessions{p},
		SessionFinder: &sessionFinder{p},
		LoginAttempts: &loginAttempts{p},
		Identities:    &identities{p},

		ChangeNotifier: &changeNotifier{pool: p},
	}
}
