package telemetry

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/extra/bunotel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// QueryHooks returns the hooks that make a span for each statement that runs within
// another span. It is empty without a TracerProvider.
func (t *Telemetry) QueryHooks() []bun.QueryHook {
	if t.traces == nil {
		return nil
	}
	return []bun.QueryHook{queryHook{bunotel.NewQueryHook(
		bunotel.WithTracerProvider(t.traces),
		bunotel.WithMeterProvider(noop.NewMeterProvider()), // Prometheus has the pool metrics
		bunotel.WithFormattedQueries(false),
	)}}
}

// queryHook wraps the hook of bunotel and removes all values. Without it bunotel
// would record values in three cases: it uses the formatted text if it can't
// write a query without its arguments, it takes a text with values for a template,
// and it records the text of an error, which may quote a row.
type queryHook struct{ spans *bunotel.QueryHook }

// BeforeQuery starts a span if the context has one.
func (h queryHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx // a background query: each would become a separate trace
	}
	return h.spans.BeforeQuery(ctx, e)
}

// AfterQuery ends the span, with the redacted text of the query and of its error.
func (h queryHook) AfterQuery(ctx context.Context, e *bun.QueryEvent) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	text := redactSQL(e.Query)
	h.spans.AfterQuery(trace.ContextWithSpan(ctx, noCodeSpan{span}), &bun.QueryEvent{
		DB: e.DB, Query: text, QueryTemplate: text, StartTime: e.StartTime, Result: e.Result,
		Err: redactError(e.Err),
	})
}

// noCodeSpan drops the code.* attributes, because bunotel would report this hook as
// the place of the query.
type noCodeSpan struct{ trace.Span }

func (s noCodeSpan) SetAttributes(attrs ...attribute.KeyValue) {
	kept := attrs[:0:0]
	for _, a := range attrs {
		if !strings.HasPrefix(string(a.Key), "code.") {
			kept = append(kept, a)
		}
	}
	s.Span.SetAttributes(kept...)
}

// redactedError is an error without its original text.
type redactedError string

func (e redactedError) Error() string { return string(e) }

// redactError returns err without text that may contain values: it keeps the
// SQLSTATE of PostgreSQL or the code of a [tenancy.Error], otherwise only the fact
// that there was an error.
func redactError(err error) error {
	var serverError interface{ Field(byte) string }
	var tenancyError *tenancy.Error
	switch {
	case err == nil, err == sql.ErrNoRows, err == sql.ErrTxDone:
		return err
	case errors.As(err, &serverError):
		return redactedError("SQLSTATE " + serverError.Field('C'))
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.As(err, &tenancyError):
		return redactedError(tenancyError.Code)
	}
	return redactedError("failed")
}
