// Package overview has the first page of a tenant.
package overview

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// Routes returns the page.
func Routes(*page.Site) []page.Route {
	return []page.Route{
		{Path: "/t/{tenant}/", Access: page.InTenant, Handle: show},
		{Path: "/t/{tenant}", Access: page.InTenant, Handle: show},
	}
}

// show shows the counts, what waits for the person, and the last changes.
func show(r *page.Request) (page.Reply, error) {
	v := view.Overview{Frame: r.Frame(r.Caller.Tenant.Name)}
	for _, add := range []func(*page.Request, *view.Overview) error{
		addCounts, addWaiting, addChanges,
	} {
		if err := add(r, &v); err != nil {
			return page.Reply{}, err
		}
	}
	return page.Show(v)
}

func addCounts(r *page.Request, v *view.Overview) error {
	if !r.Caller.May("resource.read") || !r.Site.Serves("getUsage") {
		return nil
	}
	var found page.Usage
	if err := r.API.Get(r.Context(), r.APIPath("usage"), nil, &found); err != nil {
		return err
	}
	for _, kind := range r.Site.Kinds.All() {
		u := found.Resources[kind.Name]
		v.Counts = append(v.Counts, view.Count{Text: page.KindTitle(kind.Path),
			Href: r.URLs.To(kind.Path), Count: u.Count, More: u.More, Limit: u.Limit})
	}
	return nil
}
