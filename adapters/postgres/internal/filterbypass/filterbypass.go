// Package onewall lets the proof of isolation stand behind one wall at a time.
// Only what lies below adapters/postgres can import it: there is no other way to
// take the filter away.
package filterbypass

import (
	"context"

	"github.com/uptrace/bun"
)

// Inside is what the proof must know of an open database beside its public
// face.
type Inside struct {
	MultiTenant bool
	Owner       *bun.DB  // a pool of the migrating user's own; whoever asked closes it
	Owned       []string // the owned tables, schema-qualified and quoted
	Models      []any    // of the declared tables, as they were declared
}

// Look opens the inside of a *postgres.DB. Package postgres sets it.
var Look func(db any) (Inside, error)

type withoutFilter struct{}

// WithoutFilter marks ctx: the statements that run with it have lost the
// filter, nothing is refused for its text, and row-level security stands alone.
func WithoutFilter(ctx context.Context) context.Context {
	return context.WithValue(ctx, withoutFilter{}, true)
}

// PolicyAlone reports whether ctx is marked.
func PolicyAlone(ctx context.Context) bool { return ctx.Value(withoutFilter{}) != nil }

// Rewrite answers the statement as it is to be sent: where ctx is marked, each
// comparison of a column tenant_id with a constant has become a test that every
// row passes.
func Rewrite(ctx context.Context, query string) string {
	if !PolicyAlone(ctx) {
		return query
	}
	return removeFilter(query)
}
