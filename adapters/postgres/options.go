package postgres

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/uptrace/bun"
	bunmigrate "github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrate"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// Options configure [Open]. URL is needed; the zero value of everything else
// works.
type Options struct {
	// URL names the database (postgres://…) and its owner, who migrates. With
	// MultiTenant off, everything runs as this user.
	URL string

	// AppURL and SystemURL log in as the application's role and the system
	// role, which are made if they are missing. Default to URL with the users
	// bailiwick_app and bailiwick_system, and passwords derived from URL's.
	AppURL, SystemURL string

	// ListenURL is where the server itself is reached, by a role that may read
	// nothing: announcements can't be heard through a connection pooler. Defaults
	// to SystemURL, or URL with MultiTenant off.
	ListenURL string

	// MultiTenant turns tenancy on: the pool is the application role's, which
	// row-level security applies to. Off, every row is the default tenant's.
	MultiTenant bool

	// Tables are those that tenants own.
	Tables []schema.Table

	// Migrations make the host's own tables. They run after the library's, in
	// the same transaction, as the owner.
	Migrations *bunmigrate.Migrations

	// Adopt lets a database be adopted that has the tables without tenants, and
	// says what else it has. Nil: such a database is refused.
	Adopt *adoption.Database

	// SkipMigrations leaves the schema as it is. A schema that isn't current is
	// then an error.
	SkipMigrations bool

	// SecretsKey encrypts secrets at rest: 32 bytes. Without one, writing or
	// reading a secret is an error.
	SecretsKey []byte

	// MaxConns bounds the pool. Defaults to 20.
	MaxConns int

	// Scope says how a statement's tenant travels. Defaults to Message.
	Scope schema.Scope

	// StatementTimeout bounds a statement whose context has no deadline. The
	// server keeps it, as it keeps a context's. Defaults to 30 seconds; bulk work
	// and migrations have 30 minutes.
	StatementTimeout time.Duration

	// QueryHooks see the statements that bun makes, of every pool, as bun formats
	// them: with the values in the text, and without the tenant's signed setting.
	// They see no COPY, no migration, and neither raw SQL nor BEGIN and COMMIT of
	// a [Scoped] handle.
	QueryHooks []bun.QueryHook

	// AuditRetention is how long entries of the audit log are kept at least. What
	// is older goes by whole months (UTC), and the platform's log tells. Defaults
	// to for ever.
	AuditRetention time.Duration

	// Logger hears of migrations. Defaults to slog.Default().
	Logger *slog.Logger
}

const (
	defaultMaxConns = 20
	secretsKeySize  = 32
)

// config is what [Options] amount to.
type config struct {
	migrate.Config
	tables         []schema.Table
	secretsKey     []byte
	skipMigrations bool
	auditRetention time.Duration
}

// models are those of the declared tables.
func (c config) models() []any {
	models := make([]any, len(c.tables))
	for i, t := range c.tables {
		models[i] = t.Model
	}
	return models
}

// check works the options out, and names the first that can't work.
func (o Options) check() (config, error) {
	if o.URL == "" {
		return config{}, errors.New("postgres: Options.URL is empty: set DATABASE_URL")
	}
	if n := len(o.SecretsKey); n != 0 && n != secretsKeySize {
		return config{}, fmt.Errorf("postgres: Options.SecretsKey has %d bytes, not %d", n,
			secretsKeySize)
	}
	if o.AuditRetention < 0 {
		return config{}, fmt.Errorf("postgres: Options.AuditRetention is %v: it can't be negative",
			o.AuditRetention)
	}
	if o.Scope != schema.Message && o.Scope != schema.Transaction {
		return config{}, fmt.Errorf(
			"postgres: Options.Scope is %d, neither Message nor Transaction",
			o.Scope)
	}
	if !o.MultiTenant && (o.AppURL != "" || o.SystemURL != "") {
		return config{}, errors.New("postgres: Options.AppURL and SystemURL need MultiTenant")
	}
	settings, err := o.settings()
	if err != nil {
		return config{}, err
	}
	declared, err := declare.New(o.Tables)
	if err != nil {
		return config{}, err
	}
	return config{
		Config: migrate.Config{
			Settings: settings, Declared: declared, Host: o.Migrations, Adopt: o.Adopt,
		},
		tables: o.Tables, secretsKey: o.SecretsKey, skipMigrations: o.SkipMigrations,
		auditRetention: o.AuditRetention,
	}, nil
}

// settings fills in the defaults, and where the two roles log in.
func (o Options) settings() (pool.Settings, error) {
	s := pool.Settings{
		URL: o.URL, AppURL: o.AppURL, SystemURL: o.SystemURL, ListenURL: o.ListenURL,
		MultiTenant: o.MultiTenant, Scope: o.Scope, MaxConns: cmp.Or(o.MaxConns, defaultMaxConns),
		StatementTimeout: cmp.Or(o.StatementTimeout, pool.DefaultTimeout), QueryHooks: o.QueryHooks,
		Logger: cmp.Or(o.Logger, slog.Default()),
	}
	owner, err := url.Parse(s.URL)
	if err != nil || owner.User == nil || owner.User.Username() == "" {
		return s, pool.ErrInvalidURL
	}
	if !s.MultiTenant {
		s.AppURL, s.SystemURL = s.URL, s.URL
		s.ListenURL = cmp.Or(s.ListenURL, s.URL)
		return s, nil
	}
	s.AppURL = cmp.Or(s.AppURL, roleURL(owner, "bailiwick_app"))
	s.SystemURL = cmp.Or(s.SystemURL, roleURL(owner, "bailiwick_system"))
	s.ListenURL = cmp.Or(s.ListenURL, s.SystemURL)
	app, appErr := url.Parse(s.AppURL)
	system, systemErr := url.Parse(s.SystemURL)
	if appErr != nil || systemErr != nil || app.User.Username() == "" ||
		system.User.Username() == "" {
		return s, errors.New("postgres: Options.AppURL or SystemURL isn't of the form " +
			"postgres://user:password@host:port/database")
	}
	s.AppRole, s.SystemRole = app.User.Username(), system.User.Username()
	if s.AppRole == owner.User.Username() || s.AppRole == s.SystemRole {
		return s, fmt.Errorf("postgres: the application must log in as a role of its own, not as %s",
			s.AppRole)
	}
	return s, nil
}

// roleURL is the owner's URL for another role.
func roleURL(owner *url.URL, role string) string {
	other := *owner
	other.User = url.User(role)
	if password := derivePassword(owner, role); password != "" {
		other.User = url.UserPassword(role, password)
	}
	return other.String()
}

// derivePassword makes a role's password from that of the owner's URL, so that
// every instance that knows the one knows the other. Without a password there
// it is empty: the role then has none, and logs in where the server asks none.
func derivePassword(owner *url.URL, role string) string {
	password, ok := owner.User.Password()
	if !ok || password == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte(role))
	return hex.EncodeToString(mac.Sum(nil))
}
