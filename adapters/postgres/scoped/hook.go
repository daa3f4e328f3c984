package scoped

import (
	"context"
	"reflect"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// scopedHook sees each query of a handle before its connection does. It refuses a query whose
// connection was replaced, and says which queries are raw SQL.
//
// It also removes the marks from a handle's statement before the host's hooks see it: a
// caller that knew a mark could write it. From a statement that is refused, or rendered
// again before it is sent, the hooks see only the first word.
type scopedHook struct{}

func (scopedHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	statement, err := withoutMarks(e.Query)
	if err != nil {
		statement, _, _ = strings.Cut(e.Query, " ")
	}
	statement = strings.ReplaceAll(statement, markConfined, "")
	e.Query, e.QueryTemplate = statement, statement
	if e.IQuery != nil && !isGuarded(e.IQuery) {
		return refusedContext{ctx, errConn}
	}
	if _, is := e.IQuery.(*bun.RawQuery); is {
		return asRaw(ctx)
	}
	return ctx
}

func (scopedHook) AfterQuery(context.Context, *bun.QueryEvent) {}

var errConn = tenancy.Errorf(tenancy.CodeInternal,
	"the connection of a scoped query can't be replaced (Conn): use the handle that RunInTx gives"+
		" to its function")

// isGuarded reports whether the query runs on its handle's connection, or on none.
func isGuarded(query bun.Query) bool {
	v := reflect.ValueOf(query)
	for v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	conn := v.FieldByName("conn") // of the query, or of the one that it wraps (Count, Exists)
	if !conn.IsValid() {
		return false
	}
	if conn.IsNil() {
		return true
	}
	t := conn.Elem().Type()
	return t == reflect.TypeFor[guard]() || t == reflect.TypeFor[refusing]()
}

// refusedContext is a context that has ended with err, so that database/sql sends nothing.
type refusedContext struct {
	context.Context
	err error
}

func (refusedContext) Done() <-chan struct{} { return ended }

func (c refusedContext) Err() error { return c.err }

var ended = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

type rawKey struct{}

// asRaw marks the context of a raw statement.
func asRaw(ctx context.Context) context.Context { return context.WithValue(ctx, rawKey{}, true) }

func isRaw(ctx context.Context) bool { return ctx.Value(rawKey{}) != nil }
