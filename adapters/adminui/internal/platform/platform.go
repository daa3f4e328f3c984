// Package platform has the pages of super-admins: all tenants and all users.
package platform

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// onPage is how many tenants or users a page of a list shows.
const onPage = "50"

// Routes returns the pages that the API has routes for. With tenancy off there are no tenants
// to manage.
func Routes(s *page.Site) []page.Route {
	var routes []page.Route
	if s.MultiTenant && s.Serves("createTenant") {
		routes = append(routes, tenantRoutes()...)
	}
	if s.Serves("createUser") {
		routes = append(routes, userRoutes()...)
	}
	if s.Serves("createUser") && s.Serves("endUserSessions") {
		routes = append(routes, confirmed("/users/{id}/sessions/end", asksUser(endAll), endSessions)...)
	}
	for i := range routes {
		routes[i].Access = page.SignedIn
		routes[i].Handle = page.ForSuperAdmins(routes[i].Handle)
	}
	return routes
}

// handler answers a request.
type handler = func(*page.Request) (page.Reply, error)

// confirmed returns the routes of an action: the page that asks, and what its form does.
func confirmed(path string, ask, do handler, fields ...string) []page.Route {
	return []page.Route{
		{Path: path, Handle: ask},
		{Method: http.MethodPost, Path: path, Handle: do,
			Fields: slices.Concat([]string{"back"}, fields)},
	}
}
