package pool

import (
	"errors"
	"log/slog"
	"net/netip"
	"net/url"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// Settings are the checked options of a database's connections. Their meaning is documented
// at postgres.Options.
type Settings struct {
	URL               string // of the migrating user
	AppURL, SystemURL string
	ListenURL         string
	Roles             Roles
	MultiTenant       bool
	Scope             schema.Scope
	MaxConns          int // of the pool App
	StatementTimeout  time.Duration
	QueryHooks        []bun.QueryHook
	Logger            *slog.Logger
}

const (
	// DefaultTimeout is the default of Settings.StatementTimeout.
	DefaultTimeout = 30 * time.Second

	// BulkTimeout limits a statement of an export, an import or a migration.
	BulkTimeout = 30 * time.Minute

	// ApplicationName is the application_name of the sessions. An adoption recognizes
	// sessions that send a tenant by this name.
	ApplicationName = "bailiwick"

	// SystemConns is the maximum number of connections of the pool System.
	SystemConns = 8

	bulkConns       = 4
	maxConnIdleTime = 5 * time.Minute

	errorFieldBuffer = 64 << 10 // pgdriver can't read an error field longer than its buffer
)

// ErrInvalidURL is the error of a URL that can't be parsed. It doesn't contain the URL,
// because the URL contains a password.
var ErrInvalidURL = errors.New(
	"postgres: Options.URL isn't of the form postgres://user:password@host:port/database")

// MigratingUser returns the user of URL.
func (s Settings) MigratingUser() (string, error) {
	parsed, err := url.Parse(s.URL)
	if err != nil {
		return "", ErrInvalidURL
	}
	return parsed.User.Username(), nil
}

// NewConnector returns a pgdriver connector whose reads and writes have this timeout. TLS
// follows the URL's sslmode; only verify-full verifies the server's identity. Without an
// sslmode, TLS is required for every server that isn't on this machine.
func NewConnector(rawURL string, timeout time.Duration) (*pgdriver.Connector, error) {
	options := []pgdriver.Option{
		pgdriver.WithInsecure(isLocal(rawURL)),
		pgdriver.WithDSN(rawURL),
		pgdriver.WithReadTimeout(timeout),
		pgdriver.WithWriteTimeout(timeout),
		pgdriver.WithBufferSize(errorFieldBuffer),
		pgdriver.WithApplicationName(ApplicationName),
	}
	var connector *pgdriver.Connector
	err := recoverInvalidURL(func() { connector = pgdriver.NewConnector(options...) })
	return connector, err
}

// isLocal reports whether the server of a URL is on this machine.
func isLocal(rawURL string) bool {
	parsed, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	host := parsed.Hostname()
	addr, err := netip.ParseAddr(host)
	return host == "" || host == "localhost" || err == nil && addr.IsLoopback()
}

// recoverInvalidURL runs fn and turns pgdriver's panic about an invalid URL into an error. The
// error doesn't contain the URL, because the URL contains a password.
func recoverInvalidURL(fn func()) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("postgres: the database URL isn't of the form" +
				" postgres://user:password@host:port/database?sslmode=…")
		}
	}()
	fn()
	return nil
}
