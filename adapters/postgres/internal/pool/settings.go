package pool

import (
	"cmp"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/connstring"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
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
	Schema            string // of the tables whose name has none
	Scope             schema.Scope
	Conns             Sizes // a size of 0 is chosen by [Pool.Fit]
	StatementTimeout  time.Duration
	ConnectionWait    time.Duration // for a connection of a server that has none free
	BulkWait          time.Duration // for the turn of an export, an import or a purge
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

	// DefaultConnectionWait and DefaultBulkWait are the defaults of Settings.ConnectionWait
	// and Settings.BulkWait.
	DefaultConnectionWait = 30 * time.Second
	DefaultBulkWait       = 5 * time.Minute

	errorFieldBuffer = 64 << 10 // pgdriver can't read an error field longer than its buffer
)

// invalidURL is the error of a connection string that can't be read. It doesn't contain the
// string, which contains a password.
func invalidURL(err error) error {
	return fmt.Errorf("postgres: the database URL can't be used: %w", err)
}

// CheckURL returns what is wrong with a connection string, without any part of it.
func CheckURL(text string) error {
	if _, err := connstring.Parse(text); err != nil {
		return invalidURL(err)
	}
	return nil
}

// MigratingUser returns the user of URL.
func (s Settings) MigratingUser() (string, error) {
	c, err := connstring.Parse(s.URL)
	if err != nil {
		return "", invalidURL(err)
	}
	return c.User, nil
}

// NewConnector returns a connector for a connection string, whose reads and writes have this
// timeout, and whose sessions begin with [session.DefaultPins]. Its statements name the schema of
// each object.
func NewConnector(url string, timeout time.Duration) (*session.Opener, error) {
	return newConnector(url, timeout, session.OpenerConfig{Pins: session.DefaultPins()})
}

// NewTablesConnector is like [NewConnector], for statements that find the tables of
// Settings.Schema by their names alone.
func (s Settings) NewTablesConnector(url string, timeout time.Duration) (*session.Opener, error) {
	return newConnector(url, timeout,
		session.OpenerConfig{Pins: session.DefaultPins(), Schema: s.Schema})
}

// NewOwnerConnector is like NewTablesConnector, for migrations and examinations as the user of
// Settings.URL: no timeout that was set for other sessions ends theirs.
func (s Settings) NewOwnerConnector(timeout time.Duration) (*session.Opener, error) {
	pins := session.DefaultPins()
	for _, name := range []string{
		"statement_timeout", "lock_timeout", "transaction_timeout", "idle_session_timeout",
		"idle_in_transaction_session_timeout",
	} {
		pins[name] = "0"
	}
	return newConnector(s.URL, timeout, session.OpenerConfig{Pins: pins, Schema: s.Schema})
}

// NewListenConnector is like [NewConnector], for the session that receives notifications. No
// statement depends on its settings.
func NewListenConnector(url string, timeout time.Duration) (*session.Opener, error) {
	return newConnector(url, timeout, session.OpenerConfig{
		ApplicationName: ApplicationName + "-listen",
		Pins:            session.Pins{"idle_session_timeout": "0"},
	})
}

// NewUnpinnedConnector is like [NewConnector], for a session with the settings that its role, its
// database and the connection string give it.
func NewUnpinnedConnector(url string, timeout time.Duration) (*session.Opener, error) {
	return newConnector(url, timeout, session.OpenerConfig{})
}

// newConnector completes o.
func newConnector(
	url string, timeout time.Duration, o session.OpenerConfig,
) (*session.Opener, error) {
	c, err := connstring.Parse(url)
	if err != nil {
		return nil, invalidURL(err)
	}
	o.Config, o.Timeout, o.BufferSize = c, timeout, errorFieldBuffer
	o.ApplicationName = cmp.Or(o.ApplicationName, ApplicationName)
	return session.NewOpener(o), nil
}
