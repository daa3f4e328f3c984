package postgres

import (
	"context"
	"database/sql"
	"errors"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/examine"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/identity"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/instance"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/items"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrate"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/notify"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/scoped"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
)

// DB is an open database: its pools, and the adapters of the ports upon it. It
// is safe for concurrent use.
type DB struct {
	config   config
	pool     *pool.Pool
	source   *scoped.Factory
	observer *scoped.Observer // nil: every table enforces
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
		if err := migrate.Up(ctx, c.Config,
			adoption.Options{OnEvent: migrate.LogEvents(ctx, c.Logger)}); err != nil {
			return nil, err
		}
	}
	if err := migrate.CheckContracted(ctx, c.Config); err != nil {
		return nil, err
	}
	sealer, err := vault.NewSealer(c.secretsKey)
	if err != nil {
		return nil, err
	}
	pool, err := pool.Open(ctx, c.Settings)
	if err != nil {
		return nil, err
	}
	observer := scoped.NewObserver(c.Declared.Modes(c.tables), c.Logger)
	db := &DB{
		config: c, pool: pool, observer: observer,
		source: scoped.NewFactory(pool.App, c.models(), c.QueryHooks, observer),
	}
	if err := db.load(ctx, sealer); err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	pool.StartKeyRefresh()
	audit.KeepPartitions(pool, c.auditRetention)
	return db, nil
}

// load reads what the adapters need to know of the database, and refuses one that
// can't be served.
func (db *DB) load(ctx context.Context, sealer *vault.Sealer) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	if err := db.pool.Keyring.Load(ctx); err != nil {
		return err
	}
	if err := db.pool.LoadTimeout(ctx); err != nil {
		return err
	}
	if err := db.checkIsolation(ctx); err != nil {
		return err
	}
	id, err := instance.Instance(ctx, db.pool)
	if err != nil {
		return err
	}
	if err := instance.RequireOnlyDefault(ctx, db.pool); err != nil {
		return err
	}
	if err := db.pool.LoadServerInfo(ctx); err != nil {
		return err
	}
	db.services = newServices(db.pool, db.config.Declared, id, vault.New(db.pool, sealer))
	return nil
}

// checkIsolation refuses a database in which tenants can't be kept apart.
func (db *DB) checkIsolation(ctx context.Context) error {
	findings, err := db.Doctor(ctx)
	if err != nil {
		return err
	}
	return examine.Refusal(findings, db.pool.Settings.MultiTenant)
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
		return pgerr.Translate(err)
	}
	return migrate.CheckCurrent(ctx, db.pool, db.config.Config)
}

// Close closes the pools. Statements under way are waited for.
func (db *DB) Close() error { return db.pool.Close() }

// Scoped binds a handle to the tenant in ctx. Without one, every statement that
// it makes is an error with [tenancy.CodeNoTenant]. Within [Scoped.RunInTx] the
// handle is the one given to the function: another one of the same context would
// run outside the transaction, and is an error therefore.
func (db *DB) Scoped(ctx context.Context) *scoped.Handle { return db.source.Bind(ctx) }

// Observed are the places that made statements for no tenant since the database
// was opened, by table and place.
func (db *DB) Observed() []scoped.Observation { return db.observer.Observed() }

// Doctor examines the catalog for what would let rows cross tenants. It is what
// [Open] and [DB.Ready] ask, and reads no table of the host's: [Doctor], the
// function, also looks for rows without a tenant.
//
// With MultiTenant off, findings about the application's role don't apply.
func (db *DB) Doctor(ctx context.Context) ([]doctor.Finding, error) {
	return examine.Running(ctx, db.pool, db.config.Declared)
}

// RotateSigningKey makes a new key for signing tenants. All instances have it
// before it signs, a minute from now, and what the keys before it signed stays
// good until it expires: no statement is refused, and nothing is restarted.
func (db *DB) RotateSigningKey(ctx context.Context) error {
	return instance.RotateSigningKey(ctx, db.pool)
}

// Kinds describes the declared kinds.
func (db *DB) Kinds() *federation.Kinds { return db.config.Declared.Kinds }

// Tenants stores the tenants of the installation.
func (db *DB) Tenants() ports.Tenants { return db.services.Tenants }

// Services is every port upon this database.
func (db *DB) Services() ports.Services { return db.services }

func newServices(p *pool.Pool, d *declare.Set, instance string, v *vault.Vault) ports.Services {
	services := ports.Services{
		Instance: instance, Kinds: d.Kinds, Vault: v, ChangeNotifier: notify.New(p),
	}
	identity.Provide(&services, p, d)
	items.Provide(&services, p, d, v)
	audit.Provide(&services, p)
	return services
}
