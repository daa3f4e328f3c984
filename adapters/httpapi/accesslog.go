package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// requestState is what the middleware learns about a request from the inner handlers.
type requestState struct {
	request *http.Request // the latest one: its context has the caller and the tenant
	code    tenancy.Code  // of the problem in the response, "" if there is none
	routine bool          // the operation needs no credentials
}

type requestStateKey struct{}

// withRequestState returns the request with a requestState in its context.
func withRequestState(r *http.Request) (*http.Request, *requestState) {
	s := &requestState{}
	r = r.WithContext(context.WithValue(r.Context(), requestStateKey{}, s))
	s.request = r
	return r, s
}

// recordRequest stores the request whose context has the caller and the tenant.
func recordRequest(r *http.Request, routine bool) {
	if s, ok := r.Context().Value(requestStateKey{}).(*requestState); ok {
		s.request, s.routine = r, routine
	}
}

// latestRequest returns the request of the last recordRequest, or r without one.
func latestRequest(r *http.Request) *http.Request {
	if s, ok := r.Context().Value(requestStateKey{}).(*requestState); ok {
		return s.request
	}
	return r
}

// recordProblem stores the code of the problem in the response.
func recordProblem(r *http.Request, code tenancy.Code) {
	if s, ok := r.Context().Value(requestStateKey{}).(*requestState); ok {
		s.code = code
	}
}

const maxLoggedMethod = 16 // bytes: a caller may send any word as method

// reportRequest calls [Options.Observe] and writes the access log for a finished
// request.
func (a *api) reportRequest(s *requestState, status int, took time.Duration) {
	ctx := s.request.Context()
	a.observe(ctx, s.code)
	if !a.accessLog {
		return
	}
	level := slog.LevelInfo
	if s.routine {
		level = slog.LevelDebug
	}
	method := s.request.Method
	attrs := []slog.Attr{
		slog.String("method", method[:min(len(method), maxLoggedMethod)]),
		slog.String("route", s.request.Pattern),
		slog.Int("status", status),
		slog.Float64("duration_ms", float64(took)/float64(time.Millisecond)),
	}
	if s.code != "" {
		attrs = append(attrs, slog.String("code", string(s.code)))
	}
	a.log.LogAttrs(ctx, level, "request", attrs...)
}
