package isolationtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// servedRoute is a pattern of a router. Without a method it serves all of them.
type servedRoute struct {
	method, path string
	handler      http.Handler // nil: unknown
}

func (r servedRoute) String() string { return strings.TrimSpace(r.method + " " + r.path) }

// parseRoute reads a pattern such as "GET /notes/{id}". It drops a host.
func parseRoute(pattern string) servedRoute {
	var r servedRoute
	method, rest, found := strings.Cut(pattern, " ")
	if found {
		r.method = method
	} else {
		rest = pattern
	}
	rest = strings.TrimSpace(rest)
	if i := strings.IndexByte(rest, '/'); i > 0 {
		rest = rest[i:]
	}
	r.path = rest
	return r
}

var wildcards = regexp.MustCompile(`\{[^}]*\}`)

// endOfPath is what http.ServeMux has after a path that serves nothing below it.
const endOfPath = "{$}"

// withoutEnd returns a path without endOfPath, and with a wildcard for chi's asterisk.
func withoutEnd(path string) string {
	path = strings.TrimSuffix(path, endOfPath)
	if before, ok := strings.CutSuffix(path, "*"); ok {
		return before + "{rest}"
	}
	return path
}

// samePath reports whether two paths differ in the names of wildcards only.
func samePath(a, b string) bool {
	form := func(path string) string { return wildcards.ReplaceAllString(withoutEnd(path), "{}") }
	return form(a) == form(b)
}

// isSubtree reports whether the pattern serves all paths that begin with it.
func (r servedRoute) isSubtree() bool {
	return strings.HasSuffix(r.path, "/") || strings.HasSuffix(r.path, "...}") ||
		strings.HasSuffix(r.path, "*")
}

// root returns the part of a subtree's path that all of its paths begin with.
func (r servedRoute) root() string {
	path := strings.TrimSuffix(r.path, "*")
	if i := strings.LastIndexByte(path, '{'); strings.HasSuffix(path, "...}") && i >= 0 {
		path = path[:i]
	}
	return path
}

// listServed returns the patterns of a router: of a value with a method Routes() []string, of an
// [http.ServeMux], or of a router of package chi; and of the routers that these mount.
func listServed(router any) ([]servedRoute, error) {
	if lists, ok := router.(interface{ Routes() []string }); ok {
		var found []servedRoute
		for _, pattern := range lists.Routes() {
			found = append(found, parseRoute(pattern))
		}
		return found, nil
	}
	var found []servedRoute
	var err error
	if mux, ok := router.(*http.ServeMux); ok {
		found, err = muxRoutes(mux)
	} else if routes, ok := chiRoutes(router); ok {
		found, err = walkChi(routes, "")
	} else {
		err = fmt.Errorf("%T doesn't tell its routes", router)
	}
	if err != nil {
		return nil, err
	}
	return withMounted(found), nil
}

// withMounted replaces the patterns of routers that tell their routes by these routes.
func withMounted(found []servedRoute) []servedRoute {
	var all []servedRoute
	for _, r := range found {
		if r.handler == nil || !r.isSubtree() {
			all = append(all, r)
			continue
		}
		below, err := listServed(r.handler)
		if err != nil {
			all = append(all, r)
			continue
		}
		for _, inner := range below {
			if strings.HasPrefix(inner.path, r.root()) { // others aren't reachable
				all = append(all, inner)
			}
		}
	}
	return all
}

// muxRoutes reads the patterns out of the mux, which no method tells. What it reads is checked with
// [http.ServeMux.Handler]: a version of Go in which they are elsewhere is an error, never a mux
// without routes.
func muxRoutes(mux *http.ServeMux) ([]servedRoute, error) {
	patterns, err := muxPatterns(mux)
	if err != nil {
		return nil, err
	}
	var found []servedRoute
	for _, pattern := range patterns {
		r := parseRoute(pattern)
		method := r.method
		if method == "" {
			method = "PROVE" // one that no other pattern has
		}
		path := wildcards.ReplaceAllString(strings.TrimSuffix(r.path, endOfPath), nonexistentName)
		request := httptest.NewRequest(method, path, nil)
		if strings.HasSuffix(r.path, "/") {
			request.URL.Path += nonexistentName
		}
		if host, _, ok := strings.Cut(strings.TrimPrefix(pattern, r.method+" "), "/"); ok {
			request.Host = host
		}
		handler, got := mux.Handler(request)
		if got != pattern {
			return nil, fmt.Errorf("the http.ServeMux of this version of Go can't be read: %q is"+
				" served by %q", pattern, got)
		}
		r.handler = handler
		found = append(found, r)
	}
	return found, nil
}

func muxPatterns(mux *http.ServeMux) (patterns []string, err error) {
	defer func() {
		if cause := recover(); cause != nil { // a field isn't there, or is of another type
			err = fmt.Errorf("the http.ServeMux of this version of Go can't be read: %v", cause)
		}
	}()
	var walk func(node reflect.Value)
	walk = func(node reflect.Value) {
		if p := node.FieldByName("pattern"); !p.IsNil() {
			patterns = append(patterns, muxText(p.Elem().FieldByName("str")))
		}
		children := node.FieldByName("children")
		few, many := children.FieldByName("s"), children.FieldByName("m")
		var next []reflect.Value
		for i := range few.Len() {
			next = append(next, few.Index(i).FieldByName("value"))
		}
		for each := many.MapRange(); each.Next(); {
			next = append(next, each.Value())
		}
		for _, child := range append(next, node.FieldByName("multiChild"),
			node.FieldByName("emptyChild")) {
			if !child.IsNil() {
				walk(child.Elem())
			}
		}
	}
	walk(reflect.ValueOf(mux).Elem().FieldByName("tree"))
	slices.Sort(patterns)
	return patterns, nil
}

func muxText(v reflect.Value) string {
	if v.Kind() != reflect.String {
		panic("a pattern is no text")
	}
	return v.String()
}
