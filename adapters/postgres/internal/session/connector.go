package session

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Config says how a connector's statements are scoped. All fields but Explicit and ReadOnly
// are required.
type Config struct {
	// Scope returns the tenant of a statement with this context; the zero ID is no tenant.
	// An error refuses the statement before anything is sent.
	Scope func(context.Context) (tenancy.ID, error)

	// Sign returns the value of the setting bailiwick.tenant that names a tenant.
	Sign func(tenancy.ID) (string, error)

	// ReadOnly reports whether statements with this context may only read; nil: none.
	ReadOnly func(context.Context) bool

	// Timeout bounds a statement whose context has no deadline.
	Timeout time.Duration

	// Explicit sends each statement in an explicit transaction (BEGIN, the statement and
	// COMMIT in a message each), for engines that don't accept a scope in the same message
	// as the statement.
	Explicit bool
}

func (c *Config) readOnly(ctx context.Context) bool { return c.ReadOnly != nil && c.ReadOnly(ctx) }

// Connector opens connections that scope each statement to the tenant of its context:
// "SET LOCAL bailiwick.tenant = …" is sent before the statement in the same simple-query
// message, which PostgreSQL runs as one implicit transaction. So the setting ends with the
// statement, with a pool on either side of the network. In a transaction it is sent with
// BEGIN.
//
// A statement ends when its context ends, and at its deadline at the latest: the server
// enforces the deadline too (statement_timeout).
type Connector struct {
	inner          *Opener
	config         Config
	defaultTimeout atomic.Int64 // a time.Duration, set by SessionsBegin
}

// NewConnector wraps an opener of the role that row-level security applies to. The opener isn't
// for other use afterwards.
func NewConnector(inner *Opener, c Config) *Connector {
	inner.withoutReadTimeout() // each statement sets its own limit
	return &Connector{inner: inner, config: c}
}

// SetDefaultTimeout sets the statement_timeout that new sessions have by the server's
// configuration; 0 is none. A statement with this timeout is sent without one.
func (c *Connector) SetDefaultTimeout(timeout time.Duration) { c.defaultTimeout.Store(int64(timeout)) }

// Connect opens a connection.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner := opened.(*pgdriver.Conn)
	return &conn{connector: c, inner: inner, wire: wireOf(inner)}, nil
}

// Driver returns pgdriver's driver.
func (c *Connector) Driver() driver.Driver { return c.inner.Driver() }
