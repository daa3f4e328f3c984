package postgres

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
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
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// DB is an open database: its connection pools, and the ports that they serve. It is safe
// for concurrent use.
type DB struct {
	config       config
	pool         *pool.Pool
	factory      *scoped.Factory
	observer     *scoped.Observer // nil: every table has the mode Enforce
	services     ports.Services
	instanceKeys *vault.InstanceKeys

	crossTenant *bun.DB // of [DB.CrossTenant]
}

// Open connects to the database, migrates its schema unless [Options].SkipMigrations is set,
// and examines the isolation of tenants. With MultiTenant it refuses a database with a
// finding of [doctor.SeverityError]; the error lists the findings and the SQL that fixes
// them. A database that was adopted but isn't contracted is refused with
// [adoption.ErrNotContracted].
//
// A database that is down is waited for, up to [Options].StartWait.
//
// Background work (signing keys, partitions of the audit log) runs until [DB.Close].
func Open(ctx context.Context, o Options) (*DB, error) {
	c, err := o.checkWaiting(ctx)
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
		config: c, pool: pool, observer: observer, crossTenant: c.newHostDB(pool.HostSystem),
		factory: scoped.NewFactory(scoped.Config{
			App: pool.App, Host: c.newHostDB(pool.Host),
			Models: slices.Concat(c.shared, c.models()), Tables: c.scopedTables(),
			Hooks: c.QueryHooks, Options: c.bunOptions, Observer: observer,
			DefaultTenant: !c.MultiTenant, CheckRight: checkHostRight,
		}),
	}
	if err := db.load(ctx, sealer); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	pool.StartKeyRefresh()
	pool.StartResizing()
	audit.KeepPartitions(pool, c.auditRetention)
	return db, nil
}

// checkHostRight checks the right of a host's transaction before it is committed.
func checkHostRight(ctx context.Context, tx *scoped.Handle) error {
	return pgerr.Translate(pool.CheckHostRight(ctx, tx))
}

// load reads the facts about the database that the ports need (signing keys, timeout,
// installation id, collations), and refuses a database that can't be served.
func (db *DB) load(ctx context.Context, sealer *vault.Sealer) error {
	if err := db.checkSchema(ctx); err != nil {
		return err
	}
	if err := migrate.CheckPlace(ctx, db.pool, db.config.Declared); err != nil {
		return err
	}
	if err := db.pool.Keyring.Load(ctx); err != nil {
		return err
	}
	if err := db.pool.LoadTimeout(ctx); err != nil {
		return err
	}
	if err := db.pool.Fit(ctx); err != nil {
		return err
	}
	kinds, err := db.readKindTables(ctx)
	if err != nil {
		return err
	}
	if err := db.checkIsolation(ctx); err != nil {
		return err
	}
	if err := db.checkKindTables(ctx, kinds); err != nil {
		return err
	}
	id, err := instance.LoadID(ctx, db.pool)
	if err != nil {
		return err
	}
	if err := instance.RequireOnlyDefaultTenant(ctx, db.pool); err != nil {
		return err
	}
	if err := vault.CheckKey(ctx, db.pool, sealer); err != nil {
		return err
	}
	if err := db.pool.LoadServerInfo(ctx); err != nil {
		return err
	}
	values := vault.New(db.pool, sealer)
	db.instanceKeys = vault.NewInstanceKeys(db.pool, sealer)
	if err := db.instanceKeys.Ensure(ctx); err != nil {
		return err
	}
	db.services = newServices(db.pool, db.config.Declared, id, values)
	db.services.InstanceKeys = db.instanceKeys
	return db.moveSecrets(ctx, values)
}

// readKindTables reads what the check of the isolation needs to know of the tables of kinds.
func (db *DB) readKindTables(ctx context.Context) (*catalog.KindTables, error) {
	ctx = pool.CrossTenant(ctx, "read the tables of kinds")
	kinds, err := catalog.ReadKindTables(ctx, db.pool.System, db.config.Declared)
	return kinds, pgerr.Translate(err)
}

// checkKindTables refuses tables of kinds that lack a column, a key or a trigger, and logs which
// optional columns are missing.
func (db *DB) checkKindTables(ctx context.Context, kinds *catalog.KindTables) error {
	ctx = pool.CrossTenant(ctx, "check the tables of kinds")
	err := kinds.Check(ctx, db.pool.System, true)
	if err != nil {
		return pgerr.Translate(err)
	}
	for _, t := range db.config.Declared.KindTables {
		if lost := catalog.Lost(t); len(lost) > 0 {
			db.pool.Settings.Logger.InfoContext(ctx, "the table of a kind lacks optional columns",
				"table", t.SQL, "kind", t.Kind, "lost", strings.Join(lost, "; "))
		}
	}
	return nil
}

// moveSecrets moves secrets that a single-tenant database has in clear into the vault. With
// tenancy off an instance of the single-tenant version may still run, which needs them.
func (db *DB) moveSecrets(ctx context.Context, values *vault.Vault) error {
	adopting := db.config.Adopt != nil && !db.config.MultiTenant
	if len(db.config.secretsKey) == 0 || adopting {
		return nil
	}
	return items.MoveSecrets(ctx, db.pool, db.config.Declared, values)
}

// checkIsolation refuses a database whose findings allow rows to cross tenants.
func (db *DB) checkIsolation(ctx context.Context) error {
	findings, err := db.Doctor(ctx)
	if err != nil {
		return err
	}
	return examine.CheckServable(findings, db.pool.Settings.MultiTenant)
}

// PoolStats returns the statistics of the connection pools by name: "app" runs the tenants'
// statements, "system" cross-tenant work, "bulk" exports and imports.
func (db *DB) PoolStats() map[string]sql.DBStats { return db.pool.Stats() }

// Ready returns nil when the database can be reached, its schema is current and, with
// MultiTenant, its isolation of tenants is intact. The error is
// [tenancy.CodeUnavailable] when the database can't be reached or must be migrated.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.checkSchema(ctx); err != nil {
		return err
	}
	return db.checkIsolation(ctx)
}

// checkSchema refuses a database that can't be reached or isn't migrated.
func (db *DB) checkSchema(ctx context.Context) error {
	err := db.pool.App.PingContext(ctx)
	switch pgerr.State(err) {
	case pgerr.StateInvalidPassword, pgerr.StateInvalidAuthorization:
		return tenancy.Errorf(tenancy.CodeUnavailable, "the role %s can't log in: migrate first, or"+
			" correct its password or pg_hba.conf", db.pool.Settings.Roles.App).Because(err)
	}
	if err != nil {
		return pgerr.Translate(err)
	}
	return migrate.CheckCurrent(ctx, db.pool, db.config.Config)
}

// Close ends the background work, waits for running statements, and closes the pools.
func (db *DB) Close() error { return errors.Join(db.pool.Close(), db.factory.Close()) }

// Scoped returns a handle that is bound to the tenant in ctx. When ctx has no tenant, every
// statement of the handle is refused with [tenancy.CodeNoTenant] (a table whose [Mode] is
// [Observe] is the exception). With tenancy off it is then the default tenant.
//
// The function that is passed to RunInTx must use the handle that it gets. A handle from
// Scoped would run outside the transaction, so its statements are refused there.
func (db *DB) Scoped(ctx context.Context) *scoped.Handle { return db.factory.Bind(ctx) }

// Observed returns the places in the host that made statements without a tenant since the
// database was opened, sorted by table and place. Only tables with the mode [Observe] let
// such statements run.
func (db *DB) Observed() []scoped.Observation { return db.observer.Observed() }

// Doctor examines the catalog for anything that would let rows cross tenants. [Open] and
// [DB.Ready] call it. It doesn't read the host's tables; the function [Doctor] does, and
// also finds rows without a tenant.
//
// With MultiTenant off, findings about the application's role don't apply.
func (db *DB) Doctor(ctx context.Context) ([]doctor.Finding, error) {
	return examine.AsSystemRole(ctx, db.pool, db.config.Declared)
}

// RotateSigningKey creates a new key that signs the tenant of each statement. The key signs
// from a minute after the call, so that every instance has read it before. Signatures of
// the older keys stay valid until they expire: no statement is refused, and no instance has
// to be restarted.
func (db *DB) RotateSigningKey(ctx context.Context) error {
	return instance.RotateSigningKey(ctx, db.pool)
}

// RotateInstanceKey creates a new key that signs bundles from now on, and records that in the
// platform's audit log. The earlier keys stay in the list of public keys, so that the bundles that
// they signed can be verified, and their private parts are deleted. Without
// [Options].SecretsKey no key can be stored: the error is [tenancy.CodeInvalidState].
func (db *DB) RotateInstanceKey(ctx context.Context) (trust.PublicKey, error) {
	return db.instanceKeys.Rotate(ctx)
}

// PlatformToken stores the hash of the platform token if none is stored yet, and returns
// the hash that is stored then. hash is the SHA-256 of the token.
func (db *DB) PlatformToken(
	ctx context.Context, hash [sha256.Size]byte,
) (stored [sha256.Size]byte, err error) {
	return instance.EnsurePlatformToken(ctx, db.pool, hash)
}

// Kinds describes the kinds of [Options].Tables.
func (db *DB) Kinds() *federation.Kinds { return db.config.Declared.Kinds }

// Tenants returns the port that stores the tenants of the installation.
func (db *DB) Tenants() ports.Tenants { return db.services.Tenants }

// Services returns every port of this database.
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
