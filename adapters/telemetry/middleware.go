package telemetry

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// requestState is what Observe learns about a request. Observe may run in another
// goroutine than the middleware.
type requestState struct {
	mu     sync.Mutex
	tenant tenancy.ID // zero if there is none in which the caller may work
	caller tenancy.Principal
	code   tenancy.Code
}

type requestStateKey struct{}

// Observe records the tenant and the caller in ctx, and the code of the problem
// with which the request is answered, "" for none. httpapi.Options.Observe may be
// this method. A host's own handlers call it after they have resolved a tenant for
// an authenticated caller. It does nothing if ctx isn't the context of a request
// through [Telemetry.Middleware].
func (t *Telemetry) Observe(ctx context.Context, code tenancy.Code) {
	state, ok := ctx.Value(requestStateKey{}).(*requestState)
	if !ok {
		return
	}
	state.mu.Lock()
	defer state.mu.Unlock()
	state.code, state.caller = code, tenancy.PrincipalFrom(ctx)
	if tenant, err := tenancy.FromContext(ctx); err == nil && !state.caller.Anonymous() {
		state.tenant = tenant
	}
}

// Middleware counts and traces the requests to next. It must be the outermost
// middleware. The route is the [http.Request.Pattern] that a router sets, as
// [http.ServeMux] does.
func (t *Telemetry) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, outer *http.Request) {
		start := time.Now()
		state := &requestState{}
		ctx, span := t.startSpan(outer)
		r := outer.WithContext(context.WithValue(ctx, requestStateKey{}, state))
		// The initial status is the one that is counted if next panics.
		out := &statusWriter{ResponseWriter: w, status: http.StatusInternalServerError}
		t.inFlight.Inc()
		defer func() {
			outer.Pattern = r.Pattern
			t.inFlight.Dec()
			route := t.route(r.Pattern)
			t.count(r, route, out.status, state, time.Since(start))
			endSpan(span, r, route, out, state)
		}()
		next.ServeHTTP(out, r)
		if !out.started {
			out.status = http.StatusOK
		}
	})
}

// statusWriter records the status of a response.
type statusWriter struct {
	http.ResponseWriter
	started bool
	status  int
}

// WriteHeader records the first final status; 1xx responses aren't final.
func (w *statusWriter) WriteHeader(status int) {
	if !w.started && status >= http.StatusOK {
		w.started, w.status = true, status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if !w.started {
		w.started, w.status = true, http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Flush supports handlers that use [http.Flusher].
func (w *statusWriter) Flush() { _ = http.NewResponseController(w.ResponseWriter).Flush() }

// Unwrap supports [http.ResponseController].
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
