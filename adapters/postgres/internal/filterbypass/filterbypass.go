// Package filterbypass turns the tenant filter off, so that the isolation test can prove that
// row-level security alone keeps tenants apart. Only packages below adapters/postgres can
// import it: there is no other way to turn the filter off.
package filterbypass

import (
	"context"
	"regexp"

	"github.com/uptrace/bun"
)

// Internals is what the isolation test needs of an open database in addition to its public API.
type Internals struct {
	MultiTenant bool
	Owner       *bun.DB  // a new pool of the migrating role; the caller closes it
	Owned       []string // the tenant-owned tables, schema-qualified and quoted
	Models      []any    // the models of the declared tables, as declared
	Columns     []string // the columns with the tenant's id of Owned, in the same order
	ModelColumn []string // the columns with the tenant's id of Models, in the same order
}

// Inspect returns the internals of a *postgres.DB. Package postgres sets it.
var Inspect func(db any) (Internals, error)

type withoutFilter struct{}

// WithoutFilter marks ctx. Statements that run with it have no tenant filter and aren't
// refused for their text: only row-level security protects other tenants' rows. columns are the
// columns with a tenant's id in addition to tenant_id.
func WithoutFilter(ctx context.Context, columns ...string) context.Context {
	return context.WithValue(ctx, withoutFilter{}, comparisonOf(columns))
}

// Bypassed reports whether ctx was marked by [WithoutFilter].
func Bypassed(ctx context.Context) bool { return ctx.Value(withoutFilter{}) != nil }

// Rewrite returns the statement to send. If ctx is marked, each comparison of a column with the
// tenant's id with a constant is replaced by a condition that is true for every row.
func Rewrite(ctx context.Context, query string) string {
	comparison, ok := ctx.Value(withoutFilter{}).(*regexp.Regexp)
	if !ok {
		return query
	}
	return removeFilter(query, comparison)
}
