// Package auditlog has the pages of the audit logs: a tenant's, with its export and its
// verification, and the one of all tenants.
package auditlog

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// Routes returns the pages.
func Routes(s *page.Site) []page.Route {
	var routes []page.Route
	if s.Serves("listAudit") {
		routes = append(routes, page.Route{Path: "/t/{tenant}/audit", Access: page.InTenant, Handle: list})
	}
	if s.Serves("exportAudit") {
		routes = append(routes,
			page.Route{Path: "/t/{tenant}/audit/export", Access: page.InTenant, Handle: export},
			page.Route{Path: "/t/{tenant}/audit/verify", Access: page.InTenant, Handle: verify})
	}
	if s.Serves("listPlatformAudit") {
		routes = append(routes, page.Route{Path: "/audit", Access: page.SignedIn, Handle: listAll})
	}
	return routes
}

// export sends the whole log as a file.
func export(r *page.Request) (page.Reply, error) {
	call := apicall.Call{Path: r.APIPath("audit", "export")}
	return page.Reply{Stream: func(w http.ResponseWriter) error {
		return r.API.Stream(r.Context(), w, call)
	}}, nil
}
