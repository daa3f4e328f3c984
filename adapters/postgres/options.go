package postgres

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/uptrace/bun"
	bunmigrate "github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/connstring"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrate"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/scoped"
)

// Options configure [Open] and the functions that migrate or examine a database. URL is
// required; the zero value of every other field works.
type Options struct {
	// URL names the database and the user who migrates it: a connection string as libpq has
	// it, postgres://… or keyword=value pairs (see .github/docs/operating.md). With
	// MultiTenant off, every statement runs as this user.
	URL string

	// AppURL and SystemURL log in as the application's role and the system role. Roles that
	// are missing are created. Default to URL with the users of RolePrefix, and with
	// passwords derived from URL's password.
	AppURL, SystemURL string

	// RolePrefix begins the names of the roles that the library creates: _owner, _app, _system
	// and _search follow. Roles belong to the whole cluster, so two databases must not have the
	// same prefix. Defaults to bailiwick_ and the oid of the database, which no other database
	// has. A database whose roles have other names gets these at its next migration.
	RolePrefix string

	// ListenURL connects to the server directly, to receive change notifications, which
	// don't pass through a transaction-pooling proxy. Its role needs no privileges.
	// Defaults to SystemURL, or to URL with MultiTenant off.
	ListenURL string

	// MultiTenant turns tenancy on: tenants' statements run as the application's role, to
	// which row-level security applies. With MultiTenant off, every row belongs to the
	// default tenant.
	MultiTenant bool

	// Tables declares the tables that tenants own.
	Tables []schema.Table

	// Shared are pointers to the models of tables without a tenant, such as price plans or
	// countries: every tenant reads them, and none writes them. [DB.Scoped] reads them without
	// the tenant's condition, also in relations with the tenants' tables, and refuses to write
	// them. A migration leaves the application's role only SELECT. A shared table is an ordinary
	// or a partitioned table, not a view, and has neither a tenant's id nor a foreign key to
	// bailiwick.tenants; [Open] refuses any other. The models are registered before those of
	// Tables, so that these can refer to them.
	Shared []any

	// Schema is the schema of the tables whose name has none: the declared ones, those of
	// Shared, WithoutTenants and Adopt, and what Migrations create. Every session has it as its
	// search_path. A migration creates the schema if it doesn't exist. It may have any name
	// that isn't PostgreSQL's or the library's; upper-case letters, spaces and quotation marks
	// are written as they are. Defaults to public, or to the schema in which the sessions of
	// URL find the tables of an earlier version by their names.
	Schema string

	// WithoutTenants names tables, as table or schema.table, that have a column tenant_id or
	// a foreign key to bailiwick.tenants and aren't tables of tenants: the host protects their
	// rows and removes those of a purged tenant. [Doctor] and a purge treat every other table
	// with a tenant's id as a table of tenants, whatever its schema and the type of the id.
	WithoutTenants []string

	// Migrations create the host's tables. They run after the library's migrations, in the
	// same transaction, as the user of URL.
	Migrations *bunmigrate.Migrations

	// Adopt describes a single-tenant database that becomes the default tenant's. When Adopt
	// is nil, a database whose declared tables have no tenant column is refused.
	Adopt *adoption.Database

	// SkipMigrations leaves the schema unchanged. [Open] then refuses a schema that isn't
	// current.
	SkipMigrations bool

	// SecretsKey encrypts secrets at rest. It has 32 bytes. Without a key, writing or
	// reading a secret is an error. [Open] refuses another key than the one with which the
	// database was opened first ([tenancy.CodeInvalidState]).
	SecretsKey []byte

	// MaxConns, SystemConns and BulkConns are the maximum numbers of connections: for the
	// tenants' statements, for work across tenants, and for imports. One more connection
	// receives change notifications. They default to 20, 8 and 4, and to fewer on a server
	// whose max_connections, less a fifth, is too small for them.
	MaxConns, SystemConns, BulkConns int

	// ConnectionWait is how long a statement waits for the server while all of the server's
	// connections are in use. An idle connection ends after a third of it, at most 10 seconds, so
	// that an instance that waits can have it. Defaults to 30 seconds.
	ConnectionWait time.Duration

	// BulkWait is how long an export, an import or a purge waits for its turn. Half of the
	// application's connections export at once, a quarter for one tenant; BulkConns tenants
	// import at once; half of SystemConns purge. Defaults to 5 minutes.
	BulkWait time.Duration

	// Scope says how the tenant is sent with a statement. Defaults to [Message].
	Scope schema.Scope

	// StatementTimeout limits a statement whose context has no deadline. The server enforces
	// it, as it enforces the deadline of a context. Defaults to 30 seconds. Bulk work and
	// migrations have 30 minutes.
	StatementTimeout time.Duration

	// StartWait is how long [Open] and [MigrateUp] wait for a database that is down or that
	// starts. They log a message every five seconds meanwhile. Defaults to 30 seconds; a
	// negative value doesn't wait.
	StartWait time.Duration

	// QueryHooks are called for the statements that bun formats, in every pool. They get the
	// text with its values and without the tenant's signed setting. They aren't called for
	// COPY and migrations, nor for raw SQL, BEGIN and COMMIT of a [Scoped] handle.
	QueryHooks []bun.QueryHook

	// BunOptions configure bun for [DB.Scoped], [DB.IDB] and their transactions, such as
	// bun.WithDiscardUnknownColumns(). A connection resolver is refused.
	BunOptions []bun.DBOption

	// AuditRetention is the minimum time that entries of the audit log are kept. Older
	// entries are deleted in whole months (UTC), and the platform's audit log records that.
	// Defaults to 0: entries are kept for ever.
	AuditRetention time.Duration

	// Logger receives migrations and warnings. Defaults to slog.Default().
	Logger *slog.Logger
}

const (
	secretsKeySize = 32

	maxRolePrefix = 63 - len("_system") // a name in PostgreSQL has at most 63 bytes
)

// config holds the options after they were checked, with their defaults.
type config struct {
	migrate.Config
	tables         []schema.Table
	shared         []any // models
	secretsKey     []byte
	bunOptions     []bun.DBOption
	skipMigrations bool
	auditRetention time.Duration
	startWait      time.Duration
}

// models returns the models of the tenants' tables.
func (c config) models() []any {
	models := make([]any, len(c.tables))
	for i, t := range c.tables {
		models[i] = t.Model
	}
	return models
}

// scopedTables returns what the handles of tenants know about tables.
func (c config) scopedTables() scoped.Tables {
	return scoped.Tables{Schema: c.Declared.Schema, Shared: c.Declared.Shared,
		TenantColumns: c.Declared.OtherTenantColumns()}
}

// check fills in the defaults. It returns an error that names the first invalid option. Without
// a RolePrefix it asks the database for its oid.
func (o Options) check(ctx context.Context) (config, error) {
	c, err := o.checkAlone()
	if err != nil {
		return config{}, err
	}
	return o.complete(ctx, c)
}

// checkWaiting is like check, and waits for a database that is down, up to StartWait.
func (o Options) checkWaiting(ctx context.Context) (config, error) {
	c, err := o.checkAlone()
	if err != nil {
		return config{}, err
	}
	if err := waitForDatabase(ctx, o.firstURL(), c.startWait, c.Logger); err != nil {
		return config{}, err
	}
	return o.complete(ctx, c)
}

// firstURL is the connection string that is used first. A server that doesn't migrate may have
// no password of URL's user, so the system role connects if it can.
func (o Options) firstURL() string {
	if o.SkipMigrations && o.SystemURL != "" {
		return o.SystemURL
	}
	return o.URL
}

// checkAlone is the part of check that needs no database. The names of the roles are missing.
func (o Options) checkAlone() (config, error) {
	if o.URL == "" {
		return config{}, errors.New("postgres: Options.URL is empty: set DATABASE_URL")
	}
	if n := len(o.SecretsKey); n != 0 && n != secretsKeySize {
		return config{}, fmt.Errorf("postgres: Options.SecretsKey has %d bytes, not %d",
			n, secretsKeySize)
	}
	if err := o.checkLimits(); err != nil {
		return config{}, err
	}
	if err := o.checkRolePrefix(); err != nil {
		return config{}, err
	}
	if o.Scope != schema.Message && o.Scope != schema.Transaction {
		return config{}, fmt.Errorf(
			"postgres: Options.Scope is %d, neither Message nor Transaction",
			o.Scope)
	}
	if !o.MultiTenant && (o.AppURL != "" || o.SystemURL != "") {
		return config{}, errors.New("postgres: Options.AppURL and SystemURL need MultiTenant")
	}
	if err := checkBunOptions(o.BunOptions); err != nil {
		return config{}, err
	}
	declared, err := o.declarations()
	if err != nil {
		return config{}, err
	}
	for table, column := range declared.OtherTenantColumns() {
		if o.Adopt != nil {
			return config{}, fmt.Errorf("postgres: Options.Adopt adds a column tenant_id, and the"+
				" declaration of table %s has the TenantColumn %q: adopt the database with"+
				" tenant_id, or without this table", table, column)
		}
	}
	for _, url := range []string{o.URL, o.AppURL, o.SystemURL, o.ListenURL} {
		if url == "" {
			continue
		}
		if err := pool.CheckURL(url); err != nil {
			return config{}, err
		}
	}
	return config{
		Config: migrate.Config{
			Settings: o.settings(), Declared: declared, Host: o.Migrations, Adopt: o.Adopt,
		},
		tables: o.Tables, shared: o.Shared, secretsKey: o.SecretsKey,
		bunOptions: o.BunOptions, skipMigrations: o.SkipMigrations,
		auditRetention: o.AuditRetention, startWait: cmp.Or(o.StartWait, defaultStartWait),
	}, nil
}

// checkLimits refuses negative numbers of connections and negative times.
func (o Options) checkLimits() error {
	for _, conns := range []struct {
		option string
		n      int
	}{
		{"MaxConns", o.MaxConns}, {"SystemConns", o.SystemConns}, {"BulkConns", o.BulkConns},
	} {
		if conns.n < 0 {
			return fmt.Errorf("postgres: Options.%s is %d: it can't be negative",
				conns.option, conns.n)
		}
	}
	for _, limit := range []struct {
		option string
		time   time.Duration
	}{
		{"AuditRetention", o.AuditRetention}, {"ConnectionWait", o.ConnectionWait},
		{"BulkWait", o.BulkWait}, {"StatementTimeout", o.StatementTimeout},
	} {
		if limit.time < 0 {
			return fmt.Errorf("postgres: Options.%s is %v: it can't be negative",
				limit.option, limit.time)
		}
	}
	return nil
}

func (o Options) checkRolePrefix() error {
	if len(o.RolePrefix) > maxRolePrefix {
		return fmt.Errorf("postgres: Options.RolePrefix has %d bytes: use at most %d",
			len(o.RolePrefix), maxRolePrefix)
	}
	if strings.HasPrefix(o.RolePrefix, "pg_") {
		return errors.New("postgres: Options.RolePrefix begins with pg_, which PostgreSQL" +
			" reserves: use another prefix")
	}
	return nil
}

// settings fills in the defaults of the limits.
func (o Options) settings() pool.Settings {
	return pool.Settings{
		URL: o.URL, AppURL: o.AppURL, SystemURL: o.SystemURL, ListenURL: o.ListenURL,
		MultiTenant: o.MultiTenant, Schema: o.schema(), Scope: o.Scope,
		Conns:            pool.Sizes{App: o.MaxConns, System: o.SystemConns, Bulk: o.BulkConns},
		StatementTimeout: cmp.Or(o.StatementTimeout, pool.DefaultTimeout),
		ConnectionWait:   cmp.Or(o.ConnectionWait, pool.DefaultConnectionWait),
		BulkWait:         cmp.Or(o.BulkWait, pool.DefaultBulkWait), QueryHooks: o.QueryHooks,
		Logger: cmp.Or(o.Logger, slog.Default()),
	}
}

// complete fills in the schema of the tables, the names of the roles, and the URLs with which they
// log in.
func (o Options) complete(ctx context.Context, c config) (config, error) {
	if o.Schema == "" {
		var err error
		if c, err = o.followSchema(ctx, c); err != nil {
			return config{}, err
		}
	}
	s := &c.Settings
	owner, err := s.MigratingUser()
	if err != nil {
		return config{}, err
	}
	if s.Roles, err = o.roles(ctx); err != nil {
		return config{}, err
	}
	if !s.MultiTenant {
		s.AppURL, s.SystemURL = s.URL, s.URL
		s.ListenURL = cmp.Or(s.ListenURL, s.URL)
		return c, nil
	}
	s.AppURL = cmp.Or(s.AppURL, roleURL(s.URL, s.Roles.App))
	s.SystemURL = cmp.Or(s.SystemURL, roleURL(s.URL, s.Roles.System))
	s.ListenURL = cmp.Or(s.ListenURL, s.SystemURL)
	s.Roles.App, _ = connstring.User(s.AppURL)
	s.Roles.System, _ = connstring.User(s.SystemURL)
	if s.Roles.App == owner || s.Roles.App == s.Roles.System {
		return config{}, fmt.Errorf(
			"postgres: Options.AppURL must log in as a separate role, not as %s", s.Roles.App)
	}
	return c, nil
}

// CheckURL returns what is wrong with a connection string for [Options]; nil if it can be used.
// The error contains no part of the string, which may contain a password. The files that it
// names must be readable.
func CheckURL(url string) error { return pool.CheckURL(url) }

// roles returns the names of the roles.
func (o Options) roles(ctx context.Context) (pool.Roles, error) {
	if o.RolePrefix != "" {
		return pool.RolesWithPrefix(o.RolePrefix), nil
	}
	return pool.DefaultRoles(ctx, o.firstURL())
}

// roleURL returns the owner's connection string with another role as its user.
func roleURL(owner, role string) string {
	return connstring.WithUser(owner, role, derivePassword(owner, role))
}

// derivePassword derives a role's password from the password of the owner's URL: it is the
// HMAC-SHA-256 of the role's name, in hexadecimal digits. So every instance that knows the
// owner's URL knows the role's password too. If the owner's URL has no password, the result
// is empty: the role gets no password and can log in only where the server asks for none.
func derivePassword(owner, role string) string {
	_, password := connstring.User(owner)
	if password == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte(role))
	return hex.EncodeToString(mac.Sum(nil))
}
