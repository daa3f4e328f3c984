package session

import (
	"context"
	"database/sql/driver"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	errTxTenant = tenancy.Errorf(tenancy.CodeTenantMismatch,
		"the context names another tenant than its transaction")
	errDirtyConn = tenancy.Errorf(tenancy.CodeInternal,
		"the connection was returned to the pool within a transaction")
)

// conn scopes the statements of one connection. It holds pgdriver's connection in a named
// field, never embedded: a method that pgdriver gains later is missing here, not unscoped.
type conn struct {
	connector *Connector
	inner     *pgdriver.Conn
	wire      *wire
	tx        *tx // nil outside a transaction
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

func (c *conn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	s, err := c.prepare(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if s.needsTx {
		return c.queryInTx(ctx, s)
	}
	return c.query(ctx, s)
}

// query sends a statement. pgdriver doesn't get the context: it would only use the deadline, as
// a network timeout that breaks the connection. The exchange cancels the statement instead.
func (c *conn) query(ctx context.Context, s statement) (driver.Rows, error) {
	e := c.exchange(ctx, s.limit)
	found, err := c.inner.QueryContext(context.WithoutCancel(ctx), s.text, nil)
	if err != nil {
		return nil, c.failed(e.finish(err), s)
	}
	if s.readOnly {
		found = readOnlyRows{found}
	}
	return &rows{Rows: found, exchange: e}, nil
}

func (c *conn) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Result, error) {
	s, err := c.prepare(ctx, query, args)
	if err != nil {
		return nil, err
	}
	if s.needsTx {
		return c.execInTx(ctx, s)
	}
	return c.exec(ctx, s)
}

func (c *conn) exec(ctx context.Context, s statement) (driver.Result, error) {
	e := c.exchange(ctx, s.limit)
	result, err := c.inner.ExecContext(context.WithoutCancel(ctx), s.text, nil)
	return result, c.failed(e.finish(err), s)
}

// failed returns the error of a statement, with what the caller can do about it.
func (c *conn) failed(err error, s statement) error {
	if err == nil {
		return nil
	}
	if s.readOnly {
		err = explainReadOnly(err)
	}
	return c.repeatable(explainConflict(err, s.query), s)
}

// statement is ready to be sent.
type statement struct {
	query    string // with its arguments
	text     string
	tenant   tenancy.ID
	limit    timeLimit
	prefixed bool // the text begins with SET LOCAL
	needsTx  bool // it must be sent in a transaction, which scopes it
	readOnly bool
}

// prepare puts the arguments in place, checks the statement and puts the statements that scope
// it before it. The text that is checked is the text that is sent.
func (c *conn) prepare(
	ctx context.Context, query string, args []driver.NamedValue,
) (statement, error) {
	config := &c.connector.config
	tenant, err := config.Scope(ctx)
	if err != nil {
		return statement{}, err
	}
	if query, err = withArguments(query, args); err != nil {
		return statement{}, err
	}
	readOnly := config.readOnly(ctx)
	if readOnly {
		if err := checkReads(query); err != nil {
			return statement{}, err
		}
	}
	found, err := check(query)
	if err != nil && !filterbypass.Bypassed(ctx) {
		return statement{}, err
	}
	wait, err := c.connector.timeLimit(ctx)
	if err != nil {
		return statement{}, err
	}
	s := statement{
		query: query, text: filterbypass.Rewrite(ctx, query), tenant: tenant, limit: wait,
		readOnly: readOnly,
	}
	switch {
	case c.tx != nil && tenant != c.tx.tenant:
		return statement{}, errTxTenant
	case c.tx != nil:
		s.text = c.tx.withLimit(wait, found, s.text)
		return s, nil
	case config.Explicit:
		s.needsTx = true
		return s, nil
	}
	scope, err := c.connector.scope(tenant, wait)
	if scope = c.wire.pooledPins + scope; readOnly {
		scope += setReadOnly
	}
	s.text, s.prefixed = scope+s.text, scope != ""
	return s, err
}

// scope returns the SQL that goes before a statement, or after BEGIN. It is SET LOCAL and
// not SELECT set_config: pgdriver would take the first result set for the statement's.
func (c *Connector) scope(tenant tenancy.ID, wait timeLimit) (string, error) {
	var local string
	if !tenant.IsZero() { // the system role also works without a tenant
		signed, err := c.config.Sign(tenant)
		if err != nil {
			return "", err
		}
		local = SetTenant(signed) + ";"
	}
	if !wait.isDefault {
		local += wait.setLocal()
	}
	return local, nil
}

func (c *conn) Prepare(query string) (driver.Stmt, error) {
	return c.PrepareContext(context.Background(), query)
}

// PrepareContext sends nothing: see [NewPrepared].
func (c *conn) PrepareContext(_ context.Context, query string) (driver.Stmt, error) {
	return NewPrepared(c, query), nil
}

// Ping is unscoped, since it reads no table.
func (c *conn) Ping(ctx context.Context) error {
	wait, err := c.connector.timeLimit(ctx)
	if err != nil {
		return err
	}
	e := c.exchange(ctx, wait)
	return e.finish(c.inner.Ping(context.Background()))
}

func (c *conn) Close() error { return c.inner.Close() }

func (c *conn) IsValid() bool { return c.inner.IsValid() && c.tx == nil }

// ResetSession closes a connection that is still in a transaction, so that database/sql drops
// it.
func (c *conn) ResetSession(ctx context.Context) error {
	if c.tx != nil {
		_ = c.inner.Close()
		return errDirtyConn.Because(driver.ErrBadConn)
	}
	if !c.wire.alive() {
		_ = c.inner.Close()
		return driver.ErrBadConn
	}
	return c.inner.ResetSession(ctx)
}
