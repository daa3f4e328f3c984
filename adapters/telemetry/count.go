package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// noRoute is the route of a request that no pattern fits.
const noRoute = "none"

// route is the path of a pattern: "/api/v1/me" of "GET /api/v1/me".
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

// method is a known one, or "other": a caller may send any word.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
		http.MethodDelete, http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return r.Method
	}
	return other
}

func (t *Telemetry) count(
	r *http.Request, route string, status int, seen *requestState, took time.Duration,
) {
	seen.mu.Lock()
	code, tenant := seen.code, seen.tenant
	seen.mu.Unlock()
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

func outcome(status int) string {
	switch {
	case status >= http.StatusInternalServerError:
		return "failed"
	case status >= http.StatusBadRequest:
		return "refused"
	}
	return "ok"
}
