package telemetry

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// startSpan begins the span of a request, within the caller's trace if there is one
// (W3C Trace Context). Baggage isn't taken: it would be the caller's text.
func (t *Telemetry) startSpan(r *http.Request) (context.Context, trace.Span) {
	ctx := propagation.TraceContext{}.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	return t.tracer.Start(ctx, method(r), trace.WithSpanKind(trace.SpanKindServer))
}

// endSpan ends the span. It has the route, and no path or query: those hold names
// and what somebody searched for.
func endSpan(span trace.Span, r *http.Request, route string, a *statusWriter, seen *requestState) {
	defer span.End()
	if !span.IsRecording() {
		return
	}
	span.SetName(method(r) + " " + route)
	span.SetAttributes(
		attribute.String("http.request.method", method(r)),
		attribute.String("http.route", route),
		attribute.Int("http.response.status_code", a.status),
	)
	if id := a.Header().Get("X-Request-ID"); id != "" {
		span.SetAttributes(attribute.String("bailiwick.request_id", id))
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if !seen.tenant.IsZero() {
		span.SetAttributes(attribute.String("bailiwick.tenant", seen.tenant.String()))
	}
	if !seen.by.Anonymous() {
		span.SetAttributes(attribute.String("bailiwick.actor.kind", string(seen.by.Kind)),
			attribute.String("bailiwick.actor.id", seen.by.ID))
	}
	if seen.code != "" {
		span.SetAttributes(attribute.String("error.type", string(seen.code)))
	}
	if a.status >= http.StatusInternalServerError {
		span.SetStatus(codes.Error, "")
	}
}
