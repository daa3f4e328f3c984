package pool

import (
	"context"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// rightCheck is the check of its call's right that a transaction makes once, at the latest
// with its last statement.
type rightCheck struct {
	right  tenancy.Right
	system bool // the transaction is one of the system role
	done   bool
}

type rightCheckKey struct{}

// withRightCheck returns the context of a transaction that writes, with the check that it
// has to make. Without a right in ctx there is none.
func withRightCheck(ctx context.Context, system bool) context.Context {
	right, ok := tenancy.RightFrom(ctx)
	if !ok {
		return ctx
	}
	return context.WithValue(ctx, rightCheckKey{}, &rightCheck{right: right, system: system})
}

// pendingCheck returns the check that the transaction of ctx still has to make, nil if
// there is none.
func pendingCheck(ctx context.Context) *rightCheck {
	c, _ := ctx.Value(rightCheckKey{}).(*rightCheck)
	if c == nil || c.done {
		return nil
	}
	return c
}

// Querier sends a statement in a transaction.
type Querier interface {
	NewRaw(query string, args ...any) *bun.RawQuery
}

// CallChecked calls a function of the database, such as the one that appends to an audit
// log. If the transaction of ctx still has to check the right of its call, the same
// statement does so before the call.
func CallChecked(ctx context.Context, db Querier, call string, args ...any) error {
	if c := pendingCheck(ctx); c != nil {
		return c.run(ctx, db, false, call, args...)
	}
	_, err := db.NewRaw("SELECT "+call, args...).Exec(ctx)
	return err
}

// CheckRightOf checks the right of the transaction's call now if the caller has this id.
// A transaction that ends rights of a key or a user calls it before it does: it can end its
// call's own right, which holds until then.
func CheckRightOf(ctx context.Context, tx Querier, caller string) error {
	if c := pendingCheck(ctx); c != nil && c.right.Principal.ID == caller {
		return c.run(ctx, tx, true, "NULL")
	}
	return nil
}

// CheckRight checks the right of the transaction's call now, unless that is done.
func CheckRight(ctx context.Context, tx Querier) error {
	if c := pendingCheck(ctx); c != nil {
		return c.run(ctx, tx, false, "NULL")
	}
	return nil
}

// CheckHostRight checks the right of the call in ctx at the end of a transaction that the
// host began. The transaction is one of the application's role.
func CheckHostRight(ctx context.Context, tx Querier) error {
	return CheckRight(withRightCheck(ctx, false), tx)
}

// standingRow is a row of the functions hold_right and hold_right_in.
type standingRow struct {
	Valid      bool
	ExpiresAt  bun.NullTime
	SuperAdmin bool
	Role       string
	State      string
	Called     *string // the result of the function that was called after the check
}

// run reads what the database has about the right, locked until the transaction ends, and
// then evaluates call, in one statement. alone is for a transaction that ends the right.
func (c *rightCheck) run(
	ctx context.Context, db Querier, alone bool, call string, args ...any,
) error {
	c.done = true
	function, arguments, err := c.function(ctx)
	if err != nil {
		return err
	}
	var row standingRow
	// a function in FROM is done before the expressions of the result are evaluated
	err = db.NewRaw("SELECT h.valid, h.expires_at, h.super_admin, coalesce(h.role, '') AS role,"+
		" coalesce(h.state, '') AS state, "+call+" AS called FROM bailiwick."+function+" AS h",
		append(append(args, arguments...), alone)...).Scan(ctx, &row)
	if err != nil {
		return err
	}
	return c.right.Check(tenancy.Standing{
		Valid: row.Valid, ExpiresAt: row.ExpiresAt.Time, SuperAdmin: row.SuperAdmin,
		Role: tenancy.Role(row.Role), State: tenancy.State(row.State),
	})
}

// function returns the database's function for the check, with its arguments but the last.
// That of the application's role reads the tenant of the transaction, which must be the
// right's.
func (c *rightCheck) function(ctx context.Context) (call string, arguments []any, err error) {
	var key, user, session any
	switch by := c.right.Principal; {
	case !c.right.Stored:
	case by.Kind == tenancy.KeyPrincipal:
		key = idOrNull(by.ID)
	default:
		user, session = idOrNull(by.ID), idOrNull(c.right.Session)
	}
	arguments = []any{key, user, session}
	tenant := c.right.Tenant
	if c.system {
		return "hold_right_in(?, ?, ?, ?, ?)",
			append([]any{idOrNull(tenant.String())}, arguments...), nil
	}
	if scope, err := tenancy.FromContext(ctx); err != nil || !tenant.IsZero() && scope != tenant {
		return "", nil, errOtherTenant
	}
	return "hold_right(?, ?, ?, ?)", arguments, nil
}

var errOtherTenant = tenancy.Errorf(tenancy.CodeTenantMismatch,
	"the call has its right in another tenant than it writes to")

// idOrNull returns an id as an argument of a statement: NULL if no row can have it.
func idOrNull(id string) any {
	parsed, err := uuid.Parse(id)
	if err != nil || parsed == uuid.Nil {
		return nil
	}
	return parsed.String()
}
