package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// What every answer says to caches. One URL has as many resources as there are
// tenants, and an ETag is the version of one of them: a cache that kept one
// tenant's answer could have it confirmed by another's of the same version
// (RFC 9111, 4.3.4). So none keeps any, and one that does so nevertheless is
// told what tells the answers apart.
const (
	cacheControl = "no-store"
	varyHeaders  = "Authorization, Cookie, Host, X-Forwarded-Host, " + resolve.Header
)

// middleware stands around every request: it gives it an id, sets the headers that
// every answer has, catches panics, and tells of the request when it is over.
// Whatever stands around the guard finds the operation's pattern in its own
// request then, as it does behind a [http.ServeMux].
func (a *api) middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, outer *http.Request) {
		begun := time.Now()
		r, s := withRequestState(withRequestID(w, outer, a.tenants))
		out := &responseTracker{ResponseWriter: w, status: http.StatusOK}
		defer func() {
			outer.Pattern = r.Pattern
			a.reportRequest(s, out.status, time.Since(begun))
		}()
		defer recoverPanic(out, r, a.log)
		out.Header().Set("X-Content-Type-Options", "nosniff")
		out.Header().Set("Cache-Control", cacheControl)
		out.Header().Set("Vary", varyHeaders)
		next.ServeHTTP(out, r)
	})
}

// recoverPanic turns a panic into a problem. If the answer has begun, the connection
// is cut instead, so that nobody takes half an answer for a whole one.
func recoverPanic(w *responseTracker, r *http.Request, log *slog.Logger) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		recordProblem(r, tenancy.CodeInternal)
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if w.started {
		recordProblem(r, tenancy.CodeInternal)
		log.ErrorContext(latestRequest(r).Context(), "request failed", "error", err)
		panic(http.ErrAbortHandler)
	}
	writeProblem(w, r, log, err)
}
