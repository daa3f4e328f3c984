package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// noRoute is the label of a request that matches no pattern.
const noRoute = "none"

// route returns the label for a pattern: "/api/v1/me" for "GET /api/v1/me".
func (t *Telemetry) route(pattern string) string {
	if _, path, found := strings.Cut(pattern, " "); found {
		pattern = path
	}
	switch {
	case pattern == "":
		return noRoute
	case !t.routes.admit(pattern):
		return other
	}
	return pattern
}

// method returns the label for the request's method: other for an unknown one,
// because a caller may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return r.Method
	}
	return other
}

// count adds one answered request to the metrics.
func (t *Telemetry) count(
	r *http.Request, route string, status int, state *requestState, took time.Duration,
) {
	state.mu.Lock()
	code, tenant := state.code, state.tenant
	state.mu.Unlock()
	t.requests.WithLabelValues(route, method(r), strconv.Itoa(status)).Inc()
	t.durations.WithLabelValues(route, method(r)).Observe(took.Seconds())
	if code != "" {
		label := other
		if t.codes.admit(code) {
			label = string(code)
		}
		t.refusals.WithLabelValues(label).Inc()
	}
	if tenant.IsZero() {
		return
	}
	label := other
	if t.tenants.admit(tenant) {
		label = tenant.String()
	}
	t.tenantRequests.WithLabelValues(label, outcome(status)).Inc()
	t.tenantSeconds.WithLabelValues(label).Add(took.Seconds())
}

// outcome returns the label for a status: ok, refused (4xx) or failed (5xx).
func outcome(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return "failed"
	case status >= http.StatusBadRequest:
		return "refused"
	}
	return "ok"
}
