package telemetry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// requestState is what becomes known of a request while it is answered, perhaps by
// another goroutine than the middleware's.
type requestState struct {
	mu     sync.Mutex
	tenant tenancy.ID // zero: none, or none that the caller may work in
	by     tenancy.Principal
	code   tenancy.Code
}

type requestStateKey struct{}

// Observe takes from ctx the tenant and the caller of the request that it belongs
// to, and the code of the problem with which that is answered, "" for none. It is
// what httpapi.Options.Observe calls; a host's own handlers call it once they
// have found a tenant for an authenticated caller. Outside of
// [Telemetry.Middleware] it does nothing.
func (t *Telemetry) Observe(ctx context.Context, code tenancy.Code) {
	seen, ok := ctx.Value(requestStateKey{}).(*requestState)
	if !ok {
		return
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	seen.code, seen.by = code, tenancy.PrincipalFrom(ctx)
	if tenant, err := tenancy.FromContext(ctx); err == nil && !seen.by.Anonymous() {
		seen.tenant = tenant
	}
}

// Middleware counts and traces the requests to next. It stands around
// everything; the route is the [http.Request.Pattern] that a router sets, as
// [http.ServeMux] does.
func (t *Telemetry) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, outer *http.Request) {
		begun := time.Now()
		seen := &requestState{}
		ctx, span := t.startSpan(outer)
		r := outer.WithContext(context.WithValue(ctx, requestStateKey{}, seen))
		// should next panic
		out := &statusWriter{ResponseWriter: w, status: http.StatusInternalServerError}
		t.inFlight.Inc()
		defer func() {
			outer.Pattern = r.Pattern
			t.inFlight.Dec()
			route := t.route(r.Pattern)
			t.count(r, route, out.status, seen, time.Since(begun))
			endSpan(span, r, route, out, seen)
		}()
		next.ServeHTTP(out, r)
		if !out.started {
			out.status = http.StatusOK
		}
	})
}

// statusWriter knows its status.
type statusWriter struct {
	http.ResponseWriter
	started bool
	status  int
}

func (a *statusWriter) WriteHeader(status int) {
	if !a.started && status >= http.StatusOK {
		a.started, a.status = true, status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *statusWriter) Write(b []byte) (int, error) {
	if !a.started {
		a.started, a.status = true, http.StatusOK
	}
	return a.ResponseWriter.Write(b)
}

// Flush is for handlers that ask for [http.Flusher].
func (a *statusWriter) Flush() { _ = http.NewResponseController(a.ResponseWriter).Flush() }

// Unwrap is for [http.ResponseController].
func (a *statusWriter) Unwrap() http.ResponseWriter { return a.ResponseWriter }
