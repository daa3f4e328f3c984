package httpapi

import (
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// The caching headers of every response. One URL names a different resource for each
// tenant, so no cache may store a response, and Vary names what the response depends on,
// for caches that do it anyway.
const (
	cacheControl = "no-store"
	varyHeaders  = "Authorization, Cookie, Host, X-Forwarded-Host, " + resolve.Header
)

// middleware wraps every request: it gives the request an id, sets the headers that
// all responses have, recovers panics, and reports the finished request. Afterwards
// a middleware around this one finds the operation's pattern in its own request, as
// with a [http.ServeMux].
func (a *api) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, outer *http.Request) {
		start := time.Now()
		r, s := withRequestState(withRequestID(w, outer, a.tenants))
		out := &responseTracker{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			outer.Pattern = r.Pattern
			a.reportRequest(s, out.status, time.Since(start))
		}()
		defer a.problems.recoverPanic(out, r)
		requestbody.LimitTime(out, r, a.bodyTimeout)
		out.Header().Set("X-Content-Type-Options", "nosniff")
		out.Header().Set("Cache-Control", cacheControl)
		out.Header().Set("Vary", varyHeaders)
		next.ServeHTTP(out, r)
	})
}

// recoverPanic turns a panic into a problem. If the response has started, it closes
// the connection instead, so that no caller takes half a response for a complete one.
func (pw problemWriter) recoverPanic(w *responseTracker, r *http.Request) {
	cause := recover()
	if cause == nil {
		return
	}
	// net/http closes the connection for this panic, without a stack trace in its log.
	if cause == http.ErrAbortHandler {
		recordProblem(r, tenancy.CodeInternal)
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if w.started {
		recordProblem(r, tenancy.CodeInternal)
		pw.log.ErrorContext(latestRequest(r).Context(), "request failed", "error", err)
		panic(http.ErrAbortHandler)
	}
	pw.write(w, r, err)
}
