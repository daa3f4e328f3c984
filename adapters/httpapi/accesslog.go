package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// requestState is what the guard gets to know of a request that others answer.
type requestState struct {
	request *http.Request // as far as it has come: its context has the caller and the tenant
	code    tenancy.Code  // of the problem that it was answered with
	routine bool          // it needed no credentials
}

type sightKey struct{}

// observed gives the request a sight.
func observed(r *http.Request) (*http.Request, *requestState) {
	s := &requestState{}
	r = r.WithContext(context.WithValue(r.Context(), sightKey{}, s))
	s.request = r
	return r, s
}

// markReached says how far the request has come.
func markReached(r *http.Request, routine bool) {
	if s, ok := r.Context().Value(sightKey{}).(*requestState); ok {
		s.request, s.routine = r, routine
	}
}

// reached is the request as far as it has come.
func reached(r *http.Request) *http.Request {
	if s, ok := r.Context().Value(sightKey{}).(*requestState); ok {
		return s.request
	}
	return r
}

// refusedWith says which problem a request is answered with.
func refusedWith(r *http.Request, code tenancy.Code) {
	if s, ok := r.Context().Value(sightKey{}).(*requestState); ok {
		s.code = code
	}
}

const maxLoggedMethod = 16 // a caller may send any word

// tell tells whoever observes that a request is over.
func (a *api) tell(s *requestState, status int, took time.Duration) {
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
