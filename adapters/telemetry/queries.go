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

// QueryHooks make a span of each statement that runs within another span. It is
// empty if there are no traces.
func (t *Telemetry) QueryHooks() []bun.QueryHook {
	if t.traces == nil {
		return nil
	}
	return []bun.QueryHook{queryHook{bunotel.NewQueryHook(
		bunotel.WithTracerProvider(t.traces),
		bunotel.WithMeterProvider(noop.NewMeterProvider()), // the pools' figures are Prometheus'
		bunotel.WithFormattedQueries(false),
	)}}
}

// queryHook is bunotel's, which it shows no values: bunotel by itself falls back
// to the formatted text where a query can't be written without its arguments,
// takes a text that already has values in it for a template, and records what an
// error says, which may quote a row.
type queryHook struct{ spans *bunotel.QueryHook }

func (h queryHook) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx // the background's own: each would be a trace by itself
	}
	return h.spans.BeforeQuery(ctx, e)
}

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

// noCodeSpan is a span without the place in the code, for which bunotel would take
// this hook.
type noCodeSpan struct{ trace.Span }

func (p noCodeSpan) SetAttributes(attrs ...attribute.KeyValue) {
	kept := attrs[:0:0]
	for _, a := range attrs {
		if !strings.HasPrefix(string(a.Key), "code.") {
			kept = append(kept, a)
		}
	}
	p.Span.SetAttributes(kept...)
}

// redactedError is an error without its text.
type redactedError string

func (f redactedError) Error() string { return string(f) }

// redactError is what may be told of an error: PostgreSQL's state, a code, or that
// there was one.
func redactError(err error) error {
	var ofServer interface{ Field(byte) string }
	var ofUs *tenancy.Error
	switch {
	case err == nil, err == sql.ErrNoRows, err == sql.ErrTxDone:
		return err
	case errors.As(err, &ofServer):
		return redactedError("SQLSTATE " + ofServer.Field('C'))
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return context.DeadlineExceeded
	case errors.As(err, &ofUs):
		return redactedError(ofUs.Code)
	}
	return redactedError("failed")
}
