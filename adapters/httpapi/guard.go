package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
)

// guard stands around every request: it gives it an id, sets the headers that
// every answer has, and catches panics.
func guard(next http.Handler, log *slog.Logger) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = identify(w, r)
		out := &tracker{ResponseWriter: w}
		defer catch(out, r, log)
		out.Header().Set("X-Content-Type-Options", "nosniff")
		out.Header().Set("Cache-Control", "private, no-cache")
		next.ServeHTTP(out, r)
	})
}

// catch turns a panic into a problem. If the answer has begun, the connection
// is cut instead, so that nobody takes half an answer for a whole one.
func catch(w *tracker, r *http.Request, log *slog.Logger) {
	cause := recover()
	if cause == nil {
		return
	}
	if cause == http.ErrAbortHandler {
		panic(cause)
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if w.begun {
		log.ErrorContext(r.Context(), "request failed", "request_id", RequestID(r.Context()), "error", err)
		panic(http.ErrAbortHandler)
	}
	writeProblem(w, r, log, err)
}
