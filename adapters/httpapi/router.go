package httpapi

import (
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// router finds the operation of a request. It reads the patterns of
// [http.ServeMux] but for host and trailing wildcards, and it is no ServeMux
// for three reasons: that one takes the segment %2F, a resource of the name
// "/", for a trailing slash; it redirects paths that aren't clean; and it
// answers 404 and 405 as plain text.
type router struct {
	routes []*route
	log    *slog.Logger
}

// route is one path template with its methods.
type route struct {
	segments []string // "{name}" is a wildcard
	methods  map[string]endpoint
}

// endpoint is what a method of a route leads to.
type endpoint struct {
	pattern string
	handler http.Handler
}

// handle registers a pattern such as "GET /api/v1/tenants/{tenant}". One that is
// there already is a fault of the program.
func (rt *router) handle(method, path string, h http.Handler) {
	segments := strings.Split(path, "/")
	at := slices.IndexFunc(rt.routes,
		func(r *route) bool { return slices.Equal(r.segments, segments) })
	if at < 0 {
		at = len(rt.routes)
		rt.routes = append(rt.routes, &route{segments: segments, methods: map[string]endpoint{}})
	}
	methods := rt.routes[at].methods
	if _, taken := methods[method]; taken {
		panic("httpapi: two operations at " + method + " " + path)
	}
	methods[method] = endpoint{pattern: method + " " + path, handler: h}
}

// find gives the route of an escaped path and the values of its wildcards.
func (rt *router) find(escapedPath string) (found *route, values []string) {
	segments := strings.Split(escapedPath, "/")
	for _, r := range rt.routes {
		if values, ok := r.match(segments); ok {
			return r, values
		}
	}
	return nil, nil
}

// match reports whether the route has these segments. A step that stands in the
// path as it is, "." or "..", is no value of a wildcard; percent-encoded it is a
// name like any other.
func (r *route) match(segments []string) (values []string, ok bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	for i, segment := range segments {
		wildcard := strings.HasPrefix(r.segments[i], "{")
		if !wildcard && segment == r.segments[i] {
			continue
		}
		if !wildcard || segment == "" || segment == "." || segment == ".." {
			return nil, false
		}
		value, err := url.PathUnescape(segment)
		if err != nil {
			return nil, false
		}
		values = append(values, value)
	}
	return values, true
}

// setValues makes the wildcards' values what [http.Request.PathValue] answers.
func (r *route) setValues(req *http.Request, values []string) {
	for _, segment := range r.segments {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			req.SetPathValue(strings.TrimSuffix(name, "}"), values[0])
			values = values[1:]
		}
	}
}

// endpoint gives what a method leads to. HEAD is GET without a body, which
// net/http sees to.
func (r *route) endpoint(method string) (endpoint, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	e, ok := r.methods[method]
	return e, ok
}

// allow is the value of the header Allow.
func (r *route) allow() string {
	var methods []string
	for method := range r.methods {
		methods = append(methods, method)
		if method == http.MethodGet {
			methods = append(methods, http.MethodHead)
		}
	}
	slices.Sort(methods)
	return strings.Join(methods, ", ")
}

// ServeHTTP leads the request to its operation, or answers that there is none.
func (rt *router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, values := rt.find(r.URL.EscapedPath())
	if found == nil {
		writeProblem(w, r, rt.log,
			tenancy.Errorf(tenancy.CodeNotFound, "there is nothing at this path"))
		return
	}
	e, ok := found.endpoint(r.Method)
	if !ok {
		w.Header().Set("Allow", found.allow())
		writeProblem(w, r, rt.log,
			tenancy.Errorf(CodeMethodNotAllowed, "this path has the methods %s", found.allow()))
		return
	}
	r.Pattern = e.pattern
	found.setValues(r, values)
	e.handler.ServeHTTP(w, r)
}
