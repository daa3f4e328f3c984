package scoped

import (
	"context"
	"strings"

	"github.com/uptrace/bun"
)

// scopedHook removes the marks from a handle's statement before the host's hooks see it: a
// caller that knew a mark could write it. From a statement that is refused, or rendered
// again before it is sent, the hooks see only the first word.
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
