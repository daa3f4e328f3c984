package session

import (
	"context"
	"database/sql/driver"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Config says how a connector's statements are scoped. All fields but Explicit
// are needed.
type Config struct {
	// Scope answers the tenant that a statement with this context is for; zero:
	// none. An error refuses the statement before the database is asked.
	Scope func(context.Context) (tenancy.ID, error)

	// Sign answers the setting that names a tenant to the database.
	Sign func(tenancy.ID) (string, error)

	// Timeout bounds a statement whose context has no deadline.
	Timeout time.Duration

	// Explicit scopes a statement by a transaction of several messages around
	// it, for engines that don't take a scope in the statement's own message.
	Explicit bool
}

// Connector opens connections that scope each statement to the tenant of its
// context: "SET LOCAL bailiwick.tenant = …" travels before the statement in the
// same simple-query message, which PostgreSQL runs as one implicit transaction.
// Whatever pools the connections, on either side of the network, the setting
// ends with the statement. Within a transaction it travels with BEGIN.
//
// A statement ends with its context, and no later than its deadline: the server
// keeps that too (statement_timeout).
type Connector struct {
	inner          *pgdriver.Connector
	config         Config
	defaultTimeout atomic.Int64 // the statement_timeout that sessions begin with, a time.Duration
}

// NewConnector wraps a connector of the role that row-level security applies to.
func NewConnector(inner *pgdriver.Connector, c Config) *Connector {
	wrapDialer(inner)
	inner.Config().ReadTimeout = 0 // each statement has a limit of its own
	return &Connector{inner: inner, config: c}
}

// SessionsBegin says which statement_timeout the server gives to sessions by
// itself; 0 is none. A statement that needs no other isn't sent one.
func (c *Connector) SessionsBegin(timeout time.Duration) { c.defaultTimeout.Store(int64(timeout)) }

// Connect opens a connection.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	inner := opened.(*pgdriver.Conn)
	return &conn{connector: c, inner: inner, wire: wireOf(inner)}, nil
}

// Driver is pgdriver's.
func (c *Connector) Driver() driver.Driver { return c.inner.Driver() }
