// Package start has the pages around all others: the start page, signing in and out,
// switching the tenant, and the reason of a visit.
package start

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// Routes returns the pages.
func Routes(s *page.Site) []page.Route {
	routes := []page.Route{
		{Path: "", Handle: func(r *page.Request) (page.Reply, error) { return page.Go(r.Site.Root.To()) }},
		{Path: "/", Access: page.SignedIn, Handle: home},
		{Path: "/sign-in", Handle: showSignIn},
		{Path: "/switch", Access: page.SignedIn, Handle: showSwitch},
		{Path: "/switch/list", Access: page.SignedIn, Handle: listSwitch},
		{Method: http.MethodPost, Path: "/t/{tenant}/visit", Access: page.InTenant,
			Fields: []string{"reason", "back", page.DraftAction, page.DraftFields}, Handle: visit},
	}
	if s.Serves("signIn") {
		routes = append(routes, page.Route{Method: http.MethodPost, Path: "/sign-in", Handle: signIn,
			Fields: []string{"email", "password", "return_to", page.DraftAction, page.DraftFields}})
	}
	if s.Serves("signOut") {
		routes = append(routes, page.Route{Method: http.MethodPost, Path: "/sign-out", Handle: signOut},
			page.Route{Path: "/sign-out", Access: page.SignedIn, Handle: askSignOut})
	}
	for _, asset := range []view.Asset{view.Style, view.Script, view.Icon} {
		routes = append(routes, assetRoute(asset))
	}
	return routes
}

// assetRoute serves a file whose name changes with its content.
func assetRoute(a view.Asset) page.Route {
	return page.Route{Path: "/assets/" + a.Name, Handle: func(r *page.Request) (page.Reply, error) {
		return page.Reply{Stream: func(w http.ResponseWriter) error {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
			w.Header().Del("Vary")
			r.WriteBody(w, http.StatusOK, a.Media, a.Body)
			return nil
		}}, nil
	}}
}

// home leads to the tenant that the person saw last, else to their first one.
func home(r *page.Request) (page.Reply, error) {
	if !r.Site.MultiTenant {
		return page.Go(r.Site.Root.Tenant("default").To())
	}
	if last := r.LastTenant(); last != "" && r.Knows(last) {
		return page.Go(r.Site.Root.Tenant(last).To())
	}
	found, err := r.FindMemberships("", "", 1)
	switch {
	case err != nil:
		return page.Reply{}, err
	case len(found.Items) > 0:
		return page.Go(r.Site.Root.Tenant(found.Items[0].Tenant.Slug).To())
	case r.Caller.SuperAdmin:
		return page.Go(r.Site.Root.To("tenants"))
	}
	return page.Show(view.Failure{Frame: r.Frame("You have no tenant yet"),
		Text:   "You are signed in, but you aren't a member of any tenant.",
		Advice: "Ask an admin of a tenant to invite you, and open the link of the invitation."})
}

// visit keeps the reason for which a super-admin visits a tenant. An empty one is given up.
func visit(r *page.Request) (page.Reply, error) {
	reason := r.Form.Line("reason")
	if reason != "" && !page.IsReason(reason) {
		v := page.ReasonView(r, r.Back(r.URLs.To()))
		v.Form.Fields[0].Error = "Give the reason in one line of at most 256 characters."
		return page.Refused(http.StatusUnprocessableEntity, v)
	}
	back := r.Back(r.URLs.To())
	reply, err := page.Go(page.Done(back, "visit"))
	if r.Form.Has(page.DraftAction) {
		reply, err = showDraft(r, "The reason is kept.", back)
	}
	reply.Cookies = append(reply.Cookies, r.VisitCookie(reason))
	return reply, err
}
