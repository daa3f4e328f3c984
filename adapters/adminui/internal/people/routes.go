// Package people has the pages of who may do what in a tenant: members, invitations and API
// keys.
package people

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// Routes returns the pages whose routes the API serves.
func Routes(s *page.Site) []page.Route {
	var routes []page.Route
	if s.Serves("listMembers") {
		routes = append(routes, memberRoutes()...)
	}
	if s.Serves("listInvitations") {
		routes = append(routes, invitationRoutes()...)
	}
	if s.Serves("listKeys") {
		routes = append(routes, keyRoutes()...)
	}
	for i := range routes {
		routes[i].Access = page.InTenant
		routes[i].Path = "/t/{tenant}" + routes[i].Path
		if routes[i].Method == http.MethodPost {
			routes[i].Fields = append(slices.Clip(routes[i].Fields), "back")
		}
	}
	return routes
}
