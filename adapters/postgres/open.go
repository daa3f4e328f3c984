package postgres

import (
	"context"
	"database/sql"
	"errors"
	"sync"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// DB is an open database: its pools, and the adapters of the ports upon it. It
// is safe for concurrent use.
type DB struct {
	options  Options
	declared *declarations
	observer *observer // nil: every table enforces
	vault    *vault
	app      *bun.DB // scoped by the context's tenant
	scoped   *bun.DB // the same pool, for the statements of [DB.Scoped]
	system   *bun.DB // cross-tenant work, with a reason
	bulk     *bun.DB // raw connections, for COPY; see [transfers]
	keyring  *keyring
	scopes   *session.Connector // app's
	running  sync.WaitGroup
	announce *changeNotifier

	background context.Context // of what runs until the database is closed
	stop       context.CancelFunc

	instance string
	collate  string // what makes an ORDER BY name go byte by byte
	fold     string // what makes an ILIKE know more letters than ASCII's
}

// Open connects to the database, brings its schema up, and checks that the
// walls stand. With MultiTenant it refuses a database whose walls don't.
func Open(ctx context.Context, o Options) (*DB, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	declared, err := newDeclarations(o.Tables)
	if err != nil {
		return nil, err
	}
	if !o.SkipMigrations {
		if err := bringUp(ctx, o, declared,
			MigrationOptions{OnEvent: logged(ctx, o.Logger)}); err != nil {
			return nil, err
		}
	}
	if err := checkContracted(ctx, o, declared); err != nil {
		return nil, err
	}
	sealer, err := newSealer(o.SecretsKey)
	if err != nil {
		return nil, err
	}
	db := &DB{options: o, declared: declared, observer: newObserver(declared, o.Tables, o.Logger)}
	if err := db.connect(o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.vault = &vault{db: db, sealer: sealer}
	if err := db.learn(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	db.background, db.stop = context.WithCancel(context.WithoutCancel(ctx))
	db.announce = &changeNotifier{db: db}
	db.running.Go(func() { db.keepKeys(db.background) })
	db.running.Go(func() { db.keepAudit(db.background) })
	return db, nil
}

func (db *DB) connect(o Options) error {
	app, err := connector(o.AppURL, o.StatementTimeout)
	if err != nil {
		return err
	}
	system, err := connector(o.SystemURL, o.StatementTimeout)
	if err != nil {
		return err
	}
	bulk, err := connector(o.AppURL, bulkTimeout)
	if err != nil {
		return err
	}
	db.keyring = &keyring{}
	scoping := session.Config{Scope: tenancy.FromContext, Sign: db.keyring.sign,
		Timeout: o.StatementTimeout, Explicit: o.Scope == Transaction}
	db.scopes = session.NewConnector(app, scoping)
	db.app = pool(sql.OpenDB(db.scopes), o.MaxConns)
	db.scoped = scopedDB(db.app.DB, o.Tables)
	if len(o.QueryHooks) > 0 {
		db.scoped = db.scoped.WithQueryHook(scopedHook{})
	}
	scoping.Scope = systemScope
	db.system = pool(sql.OpenDB(session.NewConnector(system, scoping)), systemConns)
	db.bulk = pool(sql.OpenDB(session.NewRawConnector(bulk)), bulkConns)
	for _, pool := range []**bun.DB{&db.app, &db.scoped, &db.system, &db.bulk} {
		for _, hook := range o.QueryHooks {
			*pool = (*pool).WithQueryHook(hook)
		}
	}
	db.keyring.system = db.system
	return nil
}

// PoolStats tells of the pools: "app" has the tenants' work, "system" what
// crosses tenants, "bulk" exports and imports.
func (db *DB) PoolStats() map[string]sql.DBStats {
	return map[string]sql.DBStats{"app": db.app.Stats(), "system": db.system.Stats(),
		"bulk": db.bulk.Stats()}
}

func pool(db *sql.DB, conns int) *bun.DB {
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	db.SetConnMaxIdleTime(5 * time.Minute)
	return bun.NewDB(db, pgdialect.New())
}

// learn reads what the adapters need to know of the database, and refuses one
// that can't be served.
func (db *DB) learn(ctx context.Context) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	if err := db.keyring.load(ctx); err != nil {
		return err
	}
	if err := db.learnTimeout(ctx); err != nil {
		return err
	}
	if err := db.checkWalls(crossTenant(ctx, "check the walls at start")); err != nil {
		return err
	}
	ctx = crossTenant(ctx, "read the instance's identity at start")
	if err := db.system.NewRaw("SELECT id::text FROM bailiwick.instance").
		Scan(ctx, &db.instance); err != nil {
		return translate(err)
	}
	if err := db.checkSingle(ctx); err != nil {
		return err
	}
	var err error
	db.collate, db.fold, err = loadServerInfo(ctx, db.system)
	return translate(err)
}

// learnTimeout asks which deadline the server gives to the application's
// statements by itself: those need no message that says the same.
func (db *DB) learnTimeout(ctx context.Context) error {
	var milliseconds int64
	err := db.bulk.NewRaw("SELECT setting FROM pg_settings WHERE name = 'statement_timeout'").
		Scan(ctx, &milliseconds)
	db.scopes.SessionsBegin(time.Duration(milliseconds) * time.Millisecond)
	return translate(err)
}

// loadServerInfo answers what makes an ORDER BY name go byte by byte, and what
// makes an ILIKE know more letters than ASCII's.
func loadServerInfo(ctx context.Context, db bun.IDB) (collate, fold string, err error) {
	var collation string
	var icu bool
	err = db.NewRaw("SELECT datcollate, EXISTS (SELECT FROM pg_collation"+
		" WHERE collname = 'und-x-icu')"+
		" FROM pg_database WHERE datname = current_database()").Scan(ctx, &collation, &icu)
	switch collation {
	case "C", "POSIX":
		if icu {
			fold = ` COLLATE "und-x-icu"`
		}
	case "C.UTF-8", "C.utf8": // orders byte by byte as well
	default:
		collate = ` COLLATE "C"`
	}
	return collate, fold, err
}

// Ready reports whether the database can be reached, its schema is current and,
// with MultiTenant, its walls stand.
func (db *DB) Ready(ctx context.Context) error {
	if err := db.current(ctx); err != nil {
		return err
	}
	return db.checkWalls(crossTenant(ctx, "check the walls"))
}

func (db *DB) current(ctx context.Context) error {
	if err := db.app.PingContext(ctx); err != nil {
		return translate(err)
	}
	return db.checkCurrent(crossTenant(ctx, "check the schema"))
}

// Close closes the pools. Statements under way are waited for.
func (db *DB) Close() error {
	if db.stop != nil {
		db.announce.end(db.stop)
	}
	db.running.Wait()
	var errs []error
	for _, p := range []*bun.DB{db.app, db.system, db.bulk} {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}

// Kinds describes the declared kinds.
func (db *DB) Kinds() *federation.Kinds { return db.declared.kinds }

// Tenants stores the tenants of the installation.
func (db *DB) Tenants() ports.Tenants { return &tenants{db} }

// Services is every port upon this database.
func (db *DB) Services() ports.Services {
	return ports.Services{
		Instance:  db.instance,
		Kinds:     db.declared.kinds,
		Tenants:   db.Tenants(),
		Keys:      &keys{db},
		KeyFinder: &keyFinder{db},
		Resources: &resources{db},
		Transfers: &transfers{db},
		Vault:     db.vault,

		Audit:         &audit{db},
		PlatformAudit: &platformAudit{db},

		Users:            &users{db},
		Members:          &members{db},
		Memberships:      &memberships{db},
		Invitations:      &invitations{db},
		InvitationFinder: &invitationFinder{db},

		Passwords:     &passwords{db},
		Sessions:      &sessions{db},
		SessionFinder: &sessionFinder{db},
		LoginAttempts: &loginAttempts{db},
		Identities:    &identities{db},

		ChangeNotifier: db.announce,
	}
}

// bindTenant binds ctx to tenant. A context that is another tenant's already is
// refused.
func bindTenant(ctx context.Context, tenant tenancy.ID) (context.Context, error) {
	if err := ownedBy(tenant); err != nil {
		return nil, err
	}
	if named, err := tenancy.FromContext(ctx); err == nil && named != tenant {
		return nil, tenancy.Errorf(tenancy.CodeTenantMismatch,
			"the context names another tenant than the call")
	}
	return tenancy.NewContext(ctx, tenant), nil
}

type crossTenantKey struct{}

// crossTenantWork is work of the system role: why it is done, and the tenant that
// its statements are scoped to, if any.
type crossTenantWork struct {
	reason string
	tenant tenancy.ID
}

// crossTenant marks ctx for the system role's pool. Without a mark that pool refuses
// every statement.
func crossTenant(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason})
}

// crossTenantInto is across, scoped to one tenant.
func crossTenantInto(ctx context.Context, reason string, tenant tenancy.ID) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason, tenant: tenant})
}

func systemScope(ctx context.Context) (tenancy.ID, error) {
	work, ok := ctx.Value(crossTenantKey{}).(crossTenantWork)
	if !ok || work.reason == "" {
		return tenancy.ID{}, tenancy.Errorf(tenancy.CodeInternal,
			"cross-tenant work without a reason")
	}
	return work.tenant, nil
}

func checkLimit(limit int) error {
	if limit <= 0 {
		return tenancy.Errorf(tenancy.CodeInvalid, "a list's limit is positive")
	}
	return nil
}
