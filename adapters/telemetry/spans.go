package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// startSpan starts the span of a request, within the caller's trace if there is
// one (W3C Trace Context). It ignores baggage, which is text of the caller.
func (t *Telemetry) startSpan(r *http.Request) (context.Context, trace.Span) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	return t.tracer.Start(ctx, method(r), trace.WithSpanKind(trace.SpanKindServer))
}

// endSpan ends the span. The span contains the route, but not the path and the
// query, which contain names and search texts.
func endSpan(
	span trace.Span, r *http.Request, route string, w *statusWriter, state *requestState,
) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetName(method(r) + " " + route)
	span.SetAttributes(
		attribute.String("http.request.method", method(r)),
		attribute.String("http.route", route),
		attribute.Int("http.response.status_code", w.status),
	)
	if id := w.Header().Get("X-Request-ID"); id != "" {
		span.SetAttributes(attribute.String("bailiwick.request_id", id))
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	if !state.tenant.IsZero() {
		span.SetAttributes(attribute.String("bailiwick.tenant", state.tenant.String()))
	}
	if !state.caller.Anonymous() {
		span.SetAttributes(attribute.String("bailiwick.actor.kind", string(state.caller.Kind)),
			attribute.String("bailiwick.actor.id", state.caller.ID))
	}
	if state.code != "" {
		span.SetAttributes(attribute.String("error.type", string(state.code)))
	}
	if w.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}
