// Package account has the pages of a person: their account, and the one that the link of an
// invitation opens.
package account

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// invitationPath is the page that the link of an invitation opens, below the API's prefix.
const invitationPath = "/invitations/accept"

// maxInvitationForm is the longest form with which an invitation is accepted, in bytes: anyone
// may send one.
const maxInvitationForm = 16 << 10

// Routes returns the pages.
func Routes(s *page.Site) []page.Route {
	routes := []page.Route{{Path: "/account", Access: page.SignedIn, Handle: showAccount}}
	if s.Serves("changePassword") {
		routes = append(routes, page.Route{Method: http.MethodPost, Path: "/account/password",
			Access: page.SignedIn, Fields: []string{"old", "new", "again"}, Handle: changePassword})
	}
	if s.Serves("endSession") && s.Serves("listSessions") {
		routes = append(routes, sessionRoutes()...)
	}
	if s.Serves("acceptInvitation") {
		path := page.Outside + s.APIPrefix + invitationPath
		routes = append(routes, page.Route{Path: path, Handle: showInvitation},
			page.Route{Method: http.MethodPost, Path: path, Handle: acceptInvitation,
				Limit: maxInvitationForm, Fields: []string{"token", "account", "name", "email", "password"}})
	}
	return routes
}
