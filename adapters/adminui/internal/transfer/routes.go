// Package transfer has the pages that move configuration: export and import, the values of
// secrets, and following another registry.
package transfer

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// Routes returns the pages.
func Routes(s *page.Site) []page.Route {
	routes := []page.Route{
		{Path: "/t/{tenant}/federation", Access: page.InTenant, Handle: showFederation},
	}
	if s.Serves("export") {
		routes = append(routes,
			page.Route{Path: "/t/{tenant}/promotion", Access: page.InTenant, Handle: showPromotion},
			page.Route{Path: "/t/{tenant}/promotion/export", Access: page.InTenant, Handle: export})
	}
	if s.Serves("import") {
		routes = append(routes, importRoutes()...)
	}
	if s.Serves("listSecrets") {
		routes = append(routes, secretRoutes()...)
	}
	return routes
}

// importRoutes returns the two steps of an import. Loading the page of an answer again
// leads back to the form.
func importRoutes() []page.Route {
	i := &importer{spools: make(chan struct{}, maxSpools)}
	fields := []string{"strategy", "carried", "tried"}
	again := func(r *page.Request) (page.Reply, error) { return page.Go(r.URLs.To("promotion")) }
	return []page.Route{
		{Method: http.MethodPost, Path: "/t/{tenant}/promotion/try", Access: page.InTenant,
			Uploads: true, Fields: fields, Handle: i.try},
		{Path: "/t/{tenant}/promotion/try", Access: page.InTenant, Handle: again},
		{Method: http.MethodPost, Path: "/t/{tenant}/promotion/import", Access: page.InTenant,
			Uploads: true, Fields: fields, Handle: i.run},
		{Path: "/t/{tenant}/promotion/import", Access: page.InTenant, Handle: again},
	}
}

// secretRoutes returns the pages of secrets.
func secretRoutes() []page.Route {
	return []page.Route{
		{Path: "/t/{tenant}/secrets", Access: page.InTenant, Handle: listSecrets},
		{Path: "/t/{tenant}/secrets/{name}", Access: page.InTenant, Handle: askSecret},
		{Method: http.MethodPost, Path: "/t/{tenant}/secrets/{name}", Access: page.InTenant,
			Fields: []string{"value", "back"}, Handle: setSecret},
		{Path: "/t/{tenant}/secrets/{name}/unset", Access: page.InTenant, Handle: askUnset},
		{Method: http.MethodPost, Path: "/t/{tenant}/secrets/{name}/unset", Access: page.InTenant,
			Fields: []string{"back"}, Handle: unsetSecret},
	}
}
