package isolationtest

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// hostGroup is the group of the host's own routes in the matrix.
const hostGroup = "the host's own"

// queryNames are the query parameters that attacks on the host's routes set, whether or not the
// route reads them: no document says which it does.
var queryNames = []string{"cursor", "after", "before", "id", "name", "q", "search", "tenant",
	"tenant_id"}

// readHostRoutes reads Options.Routes. A route that the handler doesn't serve is an error, and so
// is a skipped route that exists nowhere.
func (e *examination) readHostRoutes(context.Context) error {
	for _, text := range e.options.Routes {
		op, err := hostOperation(text)
		if err != nil {
			return err
		}
		op.sample, op.media = e.options.Bodies[text], ""
		op.unfiltered = slices.Contains(e.options.Unfiltered, text)
		if op.writes() {
			op.media = "application/json"
		}
		e.routes = append(e.routes, op)
	}
	for route := range e.options.Bodies {
		if !slices.Contains(e.options.Routes, route) {
			return fmt.Errorf("Options.Bodies names %q, which isn't in Options.Routes", route)
		}
	}
	for _, route := range e.options.Unfiltered {
		if !slices.Contains(e.options.Routes, route) {
			return fmt.Errorf("Options.Unfiltered names %q, which isn't in Options.Routes", route)
		}
	}
	router := e.options.Router
	if router == nil {
		router = e.handler
	}
	found, err := listServed(router)
	e.served, e.servedProblem = found, err
	return e.requireServed()
}

// wildcardRest is what a wildcard's name may have after it: "..." or, with chi, an expression.
var wildcardRest = regexp.MustCompile(`\{([^}:.]+)[^}]*\}`)

func hostOperation(text string) (operation, error) {
	r := parseRoute(text)
	if !slices.Contains(methods, r.method) || !strings.HasPrefix(r.path, "/") {
		return operation{}, fmt.Errorf("Options.Routes names %q: a route is a method and a path,"+
			" such as GET /notes/{id}", text)
	}
	op := operation{method: r.method,
		path:  wildcardRest.ReplaceAllString(withoutEnd(r.path), "{$1}"),
		group: hostGroup, host: true}
	for _, name := range queryNames {
		op.params = append(op.params, parameter{Name: name, In: "query",
			Schema: schema{Type: "string"}})
	}
	op.params = append(op.params, parameter{Name: "limit", In: "query",
		Schema: schema{Type: "integer"}})
	return op, nil
}

// requireServed returns an error for the routes of the options that don't exist.
func (e *examination) requireServed() error {
	if e.servedProblem != nil && len(e.skipped) == 0 {
		return nil // a breach says that the routes can't be listed
	}
	if unknown := e.withoutServed(slices.Collect(maps.Keys(e.skipped))); len(unknown) > 0 {
		// the route may have another name now, under which it isn't attacked either
		return fmt.Errorf("Options.Skip names %q, and there are no such routes", unknown)
	}
	if unknown := e.withoutServed(e.options.Routes); len(unknown) > 0 {
		return fmt.Errorf("Options.Routes names %q, which the handler doesn't serve", unknown)
	}
	return nil
}

// withoutServed returns the routes that the handler doesn't serve.
func (e *examination) withoutServed(routes []string) []string {
	var unknown []string
	for _, text := range routes {
		if !slices.ContainsFunc(e.served,
			func(s servedRoute) bool { return s.isCoveredBy(parseRoute(text)) }) {
			unknown = append(unknown, text)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// isCoveredBy reports whether the options name the pattern. For a pattern without a method it is
// enough that they name one.
func (r servedRoute) isCoveredBy(named servedRoute) bool {
	return samePath(r.path, named.path) &&
		(r.method == "" || r.method == named.method || named.method == "")
}

const allRoutesAttacked = "routes: each that is served is attacked or skipped"

// checkServed names the routes that no attack reaches.
func (e *examination) checkServed() {
	if e.servedProblem != nil {
		e.record(allRoutesAttacked, fmt.Sprintf("%T", e.handler),
			e.servedProblem.Error()+": set Options.Router to the handler's *http.ServeMux, chi"+
				" router or any value with a method Routes() []string")
		return
	}
	for _, r := range e.served {
		reason := ""
		if !e.covers(r) {
			reason = "no attack knows the route: add it to Options.Routes, or to Options.Skip with" +
				" the reason"
		}
		e.record(allRoutesAttacked, r.String(), reason)
	}
}

func (e *examination) covers(r servedRoute) bool {
	for _, op := range e.routes {
		if r.isCoveredBy(servedRoute{method: op.method, path: op.path}) {
			return true
		}
	}
	for route := range e.options.Skip {
		if r.isCoveredBy(parseRoute(route)) {
			return true
		}
	}
	return slices.ContainsFunc(e.documented, func(d servedRoute) bool {
		// The API, in a handler that doesn't tell its routes.
		mounted := r.isSubtree() && r.root() != "/" && strings.HasPrefix(d.path, r.root())
		return mounted || r.isCoveredBy(d)
	})
}

// writes reports whether the route may change something.
func (op operation) writes() bool {
	return op.method != http.MethodGet && op.method != http.MethodHead
}
