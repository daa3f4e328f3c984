package postgres

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"
	"github.com/uptrace/bun/migrate"
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
	Tables []Table

	// Migrations make the host's own tables. They run after the library's, in
	// the same transaction, as the owner.
	Migrations *migrate.Migrations

	// Adopt lets a database be adopted that has the tables without tenants, and
	// says what else it has. Nil: such a database is refused.
	Adopt *Adoption

	// SkipMigrations leaves the schema as it is. A schema that isn't current is
	// then an error.
	SkipMigrations bool

	// SecretsKey encrypts secrets at rest: 32 bytes. Without one, writing or
	// reading a secret is an error.
	SecretsKey []byte

	// MaxConns bounds the pool. Defaults to 20.
	MaxConns int

	// Scope says how a statement's tenant travels. Defaults to Message.
	Scope Scope

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

	appRole, systemRole string // the users of AppURL and SystemURL
}

// Scope says how the tenant of a statement outside a transaction travels.
type Scope int

const (
	// Message sends it before the statement in one message, which costs no round
	// trip.
	Message Scope = iota

	// Transaction sends it at the beginning of a transaction of several messages
	// around the statement. It is for engines that send a scope to their workers
	// no other way (Citus). Their policies take no sub-select either, so the
	// policies ask for the tenant directly: once a row where no index serves.
	Transaction
)

const (
	defaultMaxConns  = 20
	defaultTimeout   = 30 * time.Second
	bulkTimeout      = 30 * time.Minute
	systemConns      = 8
	bulkConns        = 4
	errorFieldBuffer = 64 << 10 // pgdriver can't read an error field longer than its buffer
	secretsKeySize   = 32
	applicationName  = "bailiwick" // by which the adoption knows sessions that carry a tenant
)

func (o Options) check() (Options, error) {
	if o.URL == "" {
		return o, errors.New("postgres: Options.URL is empty: set DATABASE_URL")
	}
	if n := len(o.SecretsKey); n != 0 && n != secretsKeySize {
		return o, fmt.Errorf("postgres: Options.SecretsKey has %d bytes, not %d", n, secretsKeySize)
	}
	if o.AuditRetention < 0 {
		return o, fmt.Errorf("postgres: Options.AuditRetention is %v: it can't be negative",
			o.AuditRetention)
	}
	if o.Scope != Message && o.Scope != Transaction {
		return o, fmt.Errorf("postgres: Options.Scope is %d, neither Message nor Transaction",
			o.Scope)
	}
	if !o.MultiTenant && (o.AppURL != "" || o.SystemURL != "") {
		return o, errors.New("postgres: Options.AppURL and SystemURL need MultiTenant")
	}
	if o.MaxConns == 0 {
		o.MaxConns = defaultMaxConns
	}
	if o.StatementTimeout == 0 {
		o.StatementTimeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o.roleURLs()
}

// roleURLs fills in where the two roles log in.
func (o Options) roleURLs() (Options, error) {
	owner, err := url.Parse(o.URL)
	if err != nil || owner.User == nil || owner.User.Username() == "" {
		return o, errors.New("postgres: Options.URL isn't of the form" +
			" postgres://user:password@host:port/database")
	}
	if !o.MultiTenant {
		o.AppURL, o.SystemURL = o.URL, o.URL
		o.ListenURL = cmp.Or(o.ListenURL, o.URL)
		return o, nil
	}
	if o.AppURL == "" {
		o.AppURL = as(owner, "bailiwick_app")
	}
	if o.SystemURL == "" {
		o.SystemURL = as(owner, "bailiwick_system")
	}
	o.ListenURL = cmp.Or(o.ListenURL, o.SystemURL)
	app, appErr := url.Parse(o.AppURL)
	system, systemErr := url.Parse(o.SystemURL)
	if appErr != nil || systemErr != nil || app.User.Username() == "" ||
		system.User.Username() == "" {
		return o, errors.New("postgres: Options.AppURL or SystemURL isn't of the form" +
			" postgres://user:password@host:port/database")
	}
	o.appRole, o.systemRole = app.User.Username(), system.User.Username()
	if o.appRole == owner.User.Username() || o.appRole == o.systemRole {
		return o, fmt.Errorf("postgres: the application must log in as a role of its own, not as %s", o.appRole)
	}
	return o, nil
}

// as is the owner's URL for another role.
func as(owner *url.URL, role string) string {
	other := *owner
	other.User = url.User(role)
	if password := derivePassword(owner, role); password != "" {
		other.User = url.UserPassword(role, password)
	}
	return other.String()
}

// connector makes a pgdriver connector. TLS is as the URL's sslmode says:
// verify-full to be sure whom one talks to. Without one, TLS is demanded of
// every server that isn't this machine's.
func connector(rawURL string, timeout time.Duration) (*pgdriver.Connector, error) {
	options := []pgdriver.Option{
		pgdriver.WithInsecure(isLocal(rawURL)),
		pgdriver.WithDSN(rawURL),
		pgdriver.WithReadTimeout(timeout),
		pgdriver.WithWriteTimeout(timeout),
		pgdriver.WithBufferSize(errorFieldBuffer),
		pgdriver.WithApplicationName(applicationName),
	}
	var made *pgdriver.Connector
	err := recovered(func() { made = pgdriver.NewConnector(options...) })
	return made, err
}

func isLocal(rawURL string) bool {
	parsed, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	host := parsed.Hostname()
	addr, err := netip.ParseAddr(host)
	return host == "" || host == "localhost" || err == nil && addr.IsLoopback()
}

// recovered turns pgdriver's panic on a bad URL into an error that doesn't show
// the URL, which holds a password.
func recovered(fn func()) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("postgres: the database URL isn't of the form" +
				" postgres://user:password@host:port/database?sslmode=…")
		}
	}()
	fn()
	return nil
}
