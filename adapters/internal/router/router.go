// Package router finds the handler of a request.
package router

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Router finds the handler of a request. Its patterns are those of [http.ServeMux]
// without hosts and trailing wildcards. It replaces a ServeMux for three reasons: a
// ServeMux reads the segment %2F, a resource called "/", as a trailing slash; it
// redirects paths that aren't clean; and its 404 and 405 responses are plain text.
type Router struct {
	// NotFound serves a path that has no route.
	NotFound http.HandlerFunc
	// MethodNotAllowed serves a method that a path doesn't have; allow is the value of the
	// header Allow, which is set already.
	MethodNotAllowed func(w http.ResponseWriter, r *http.Request, allow string)

	routes []*route
}

// route is one path template with its methods.
type route struct {
	segments []string // "{name}" is a wildcard
	methods  map[string]endpoint
}

// endpoint is one method of a route.
type endpoint struct {
	pattern string
	handler http.Handler
}

// Handle registers a pattern such as "GET /api/v1/tenants/{tenant}". It panics if the
// pattern is already registered.
func (rt *Router) Handle(method, path string, h http.Handler) {
	segments := strings.Split(path, "/")
	index := slices.IndexFunc(rt.routes,
		func(r *route) bool { return slices.Equal(r.segments, segments) })
	if index < 0 {
		index = len(rt.routes)
		rt.routes = append(rt.routes, &route{segments: segments, methods: map[string]endpoint{}})
	}
	methods := rt.routes[index].methods
	if _, exists := methods[method]; exists {
		panic("router: two handlers for " + method + " " + path)
	}
	methods[method] = endpoint{pattern: method + " " + path, handler: h}
}

// find returns the route of an escaped path and the values of its wildcards.
func (rt *Router) find(escapedPath string) (found *route, values []string) {
	segments := strings.Split(escapedPath, "/")
	for _, r := range rt.routes {
		if values, ok := r.match(segments); ok {
			return r, values
		}
	}
	return nil, nil
}

// match reports whether the route has these segments. A plain "." or ".." is never the
// value of a wildcard; percent-encoded it is a name like any other. Only a last wildcard
// {name} may be empty: an adopted resource may have that name.
func (r *route) match(segments []string) (values []string, ok bool) {
	if len(segments) != len(r.segments) {
		return nil, false
	}
	for i, segment := range segments {
		wildcard := strings.HasPrefix(r.segments[i], "{")
		if !wildcard && segment == r.segments[i] {
			continue
		}
		last := i == len(segments)-1 && r.segments[i] == "{name}"
		if !wildcard || segment == "" && !last || segment == "." || segment == ".." {
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

// setValues sets the values of the wildcards for [http.Request.PathValue].
func (r *route) setValues(req *http.Request, values []string) {
	for _, segment := range r.segments {
		if name, ok := strings.CutPrefix(segment, "{"); ok {
			req.SetPathValue(strings.TrimSuffix(name, "}"), values[0])
			values = values[1:]
		}
	}
}

// endpoint returns the endpoint of a method. HEAD has that of GET: net/http discards
// the body.
func (r *route) endpoint(method string) (endpoint, bool) {
	if method == http.MethodHead {
		method = http.MethodGet
	}
	e, ok := r.methods[method]
	return e, ok
}

// allow returns the value of the header Allow.
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

// ServeHTTP calls the request's handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, values := rt.find(r.URL.EscapedPath())
	if found == nil {
		rt.NotFound(w, r)
		return
	}
	e, ok := found.endpoint(r.Method)
	if !ok {
		w.Header().Set("Allow", found.allow())
		rt.MethodNotAllowed(w, r, found.allow())
		return
	}
	r.Pattern = e.pattern
	found.setValues(r, values)
	e.handler.ServeHTTP(w, r)
}
