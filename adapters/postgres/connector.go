package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	errPrepare   = tenancy.Errorf(tenancy.CodeInternal, "a statement can't be prepared outside a transaction: its tenant would be that of its preparation")
	errTxTenant  = tenancy.Errorf(tenancy.CodeTenantMismatch, "the context names another tenant than the transaction it is used in")
	errDirtyConn = tenancy.Errorf(tenancy.CodeInternal, "the connection came back within a transaction")
)

// Connector opens connections that scope each statement to the tenant of its
// context: "SET LOCAL bailiwick.tenant = …" travels before the statement in the
// same simple-query message, which PostgreSQL runs as one implicit transaction.
// Whatever pools the connections, on either side of the network, the setting
// ends with the statement. Within a transaction it travels with BEGIN.
//
// A context without a tenant is refused before the database is asked.
type Connector struct {
	inner *pgdriver.Connector
	scope func(context.Context) (tenancy.ID, error)
}

// NewConnector wraps a connector of the role that row-level security applies
// to.
func NewConnector(inner *pgdriver.Connector) *Connector {
	return &Connector{inner: inner, scope: tenancy.FromContext}
}

// Connect opens a connection.
func (c *Connector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.inner.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &conn{inner: opened.(*pgdriver.Conn), scope: c.scope}, nil
}

// Driver is pgdriver's.
func (c *Connector) Driver() driver.Driver { return c.inner.Driver() }

// conn holds the connection it guards in a named field: a method that pgdriver
// gains later is then missing here, not unscoped.
type conn struct {
	inner  *pgdriver.Conn
	scope  func(context.Context) (tenancy.ID, error)
	inTx   bool
	tenant tenancy.ID // of the transaction
}

var (
	_ driver.QueryerContext     = (*conn)(nil)
	_ driver.ExecerContext      = (*conn)(nil)
	_ driver.ConnBeginTx        = (*conn)(nil)
	_ driver.ConnPrepareContext = (*conn)(nil)
	_ driver.SessionResetter    = (*conn)(nil)
	_ driver.Validator          = (*conn)(nil)
	_ driver.Pinger             = (*conn)(nil)
)

func (c *conn) scoped(ctx context.Context, query string) (string, error) {
	tenant, err := c.scope(ctx)
	if err != nil {
		return "", err
	}
	if c.inTx {
		if tenant != c.tenant {
			return "", errTxTenant
		}
		return query, nil
	}
	if tenant.IsZero() {
		return query, nil // the system role's work that is of no tenant
	}
	return setTenant(tenant) + ";" + query, nil
}

// setTenant is SET LOCAL and not SELECT set_config: a first result set would be
// taken for that of the statement behind it.
func setTenant(tenant tenancy.ID) string {
	return "SET LOCAL bailiwick.tenant='" + tenant.String() + "'"
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	query, err := c.scoped(ctx, query)
	if err != nil {
		return nil, err
	}
	return c.inner.QueryContext(ctx, query, args)
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	query, err := c.scoped(ctx, query)
	if err != nil {
		return nil, err
	}
	return c.inner.ExecContext(ctx, query, args)
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

func (c *conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	if !c.inTx {
		return nil, errPrepare
	}
	if _, err := c.scoped(ctx, query); err != nil {
		return nil, err
	}
	return c.inner.PrepareContext(ctx, query)
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tenant, err := c.scope(ctx)
	if err != nil {
		return nil, err
	}
	begin := "BEGIN"
	if level := sql.IsolationLevel(opts.Isolation); level != sql.LevelDefault {
		begin += " ISOLATION LEVEL " + level.String()
	}
	if opts.ReadOnly {
		begin += " READ ONLY"
	}
	if !tenant.IsZero() {
		begin += ";" + setTenant(tenant)
	}
	if _, err := c.inner.ExecContext(ctx, begin, nil); err != nil {
		_ = c.inner.Close() // it may stand in an aborted transaction
		return nil, err
	}
	c.inTx, c.tenant = true, tenant
	return tx{c}, nil
}

// Ping is unscoped: it touches no table.
func (c *conn) Ping(ctx context.Context) error { return c.inner.Ping(ctx) }

func (c *conn) Close() error { return c.inner.Close() }

func (c *conn) IsValid() bool { return c.inner.IsValid() && !c.inTx }

func (c *conn) ResetSession(ctx context.Context) error {
	if c.inTx {
		_ = c.inner.Close()
		return errDirtyConn.Because(driver.ErrBadConn)
	}
	return c.inner.ResetSession(ctx)
}

type tx struct{ conn *conn }

func (t tx) Commit() error { return t.end("COMMIT") }

func (t tx) Rollback() error { return t.end("ROLLBACK") }

// end leaves the transaction. A connection whose transaction didn't end is of
// no use to anybody.
func (t tx) end(statement string) error {
	t.conn.inTx, t.conn.tenant = false, tenancy.ID{}
	_, err := t.conn.inner.ExecContext(context.Background(), statement, nil)
	if err != nil {
		_ = t.conn.inner.Close()
	}
	return err
}
