package scoped

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
)

// scopedHook gives the hooks behind it a handle's statement without marks, which
// are not for others to know. One that is refused, or rendered once more before
// it is sent, keeps its first word.
type scopedHook struct{}

func (scopedHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	statement, err := withoutMarks(e.Query)
	if err != nil {
		statement, _, _ = strings.Cut(e.Query, " ")
	}
	e.Query, e.QueryTemplate = statement, statement
	return ctx
}

func (scopedHook) AfterQuery(context.Context, *bun.QueryEvent) {}
