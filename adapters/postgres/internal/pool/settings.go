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

// Settings are the options of a database after they were checked: where, as whom
// and how it is connected to.
type Settings struct {
	URL                 string // of the migrating user
	AppURL, SystemURL   string
	ListenURL           string
	AppRole, SystemRole string // the users of AppURL and SystemURL; empty with tenancy off
	MultiTenant         bool
	Scope               schema.Scope
	MaxConns            int
	StatementTimeout    time.Duration
	QueryHooks          []bun.QueryHook
	Logger              *slog.Logger
}

// OwnerRole owns tables and functions. It, the application's role and the
// system role are no superusers and don't pass by row security; the two others
// own nothing, belong to nothing, and log in as themselves: a pool that connects
// as the owner and does SET ROLE is undone by RESET ROLE.
const OwnerRole = "bailiwick_owner"

const (
	DefaultTimeout  = 30 * time.Second // of a statement
	BulkTimeout     = 30 * time.Minute // of a statement of an export, an import or a migration
	ApplicationName = "bailiwick"      // by which the adoption knows sessions that carry a tenant
	SystemConns     = 8
	bulkConns       = 4

	errorFieldBuffer = 64 << 10 // pgdriver can't read an error field longer than its buffer
)

// ErrInvalidURL says that a URL can't be read. It doesn't show the URL, which holds a
// password.
var ErrInvalidURL = errors.New(
	"postgres: Options.URL isn't of the form postgres://user:password@host:port/database")

// MigratingUser is the user of URL.
func (s Settings) MigratingUser() (string, error) {
	parsed, err := url.Parse(s.URL)
	if err != nil {
		return "", ErrInvalidURL
	}
	return parsed.User.Username(), nil
}

// NewConnector makes a pgdriver connector. TLS is as the URL's sslmode says:
// verify-full to be sure whom one talks to. Without one, TLS is demanded of
// every server that isn't this machine's.
func NewConnector(rawURL string, timeout time.Duration) (*pgdriver.Connector, error) {
	options := []pgdriver.Option{
		pgdriver.WithInsecure(isLocal(rawURL)),
		pgdriver.WithDSN(rawURL),
		pgdriver.WithReadTimeout(timeout),
		pgdriver.WithWriteTimeout(timeout),
		pgdriver.WithBufferSize(errorFieldBuffer),
		pgdriver.WithApplicationName(ApplicationName),
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
