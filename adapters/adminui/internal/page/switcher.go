package page

import (
	"net/url"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// inMenu is how many tenants the menu of the switcher shows before one types.
const inMenu = 8

// Membership is a tenant of the person with their role in it.
type Membership struct {
	Tenant Tenant `json:"tenant"`
	Role   string `json:"role"`
}

// FindMemberships returns the person's memberships whose tenant's name or slug contains
// text.
func (r *Request) FindMemberships(
	text, cursor string, limit int,
) (found apicall.List[Membership], err error) {
	q := url.Values{"limit": {strconv.Itoa(limit)}}
	if text != "" {
		q.Set("q", text)
	}
	if cursor != "" {
		q.Set("cursor", cursor)
	}
	return found, r.API.For("", "").Get(r.Context(), "/me/memberships", q, &found)
}

// switcher returns the menu of the person's tenants. There is none with tenancy off, nor for
// a person whose only tenant is the default one. Without the list the page is still right, so
// an error leaves the menu empty, with the link to the full page.
func (r *Request) switcher() *view.Switcher {
	if !r.Site.MultiTenant {
		return nil
	}
	found, err := r.FindMemberships("", "", inMenu)
	if err != nil {
		r.Site.Log.WarnContext(r.Context(), "the tenants of a person can't be listed", "error", err)
	}
	if !r.Caller.SuperAdmin && len(found.Items) == 1 && found.Items[0].Tenant.Slug == "default" {
		return nil
	}
	if !r.Caller.SuperAdmin && len(found.Items) == 0 {
		return nil
	}
	s := &view.Switcher{Page: r.Site.Root.To("switch"), Search: r.Site.Root.To("switch", "list"),
		Tenants: r.Places(found.Items)}
	if r.Caller.SuperAdmin && r.Site.Serves("createTenant") {
		s.All = r.Site.Root.To("tenants")
	}
	return s
}

// Places returns the tenants of memberships with their links.
func (r *Request) Places(found []Membership) []view.Place {
	var places []view.Place
	for _, m := range found {
		places = append(places, view.Place{Slug: m.Tenant.Slug, Name: m.Tenant.Name, Role: m.Role,
			State: m.Tenant.State, Href: r.Site.Root.Tenant(m.Tenant.Slug).To(),
			Current: m.Tenant.ID == r.Caller.Tenant.ID})
	}
	return places
}

// Knows reports whether the person may see a tenant. An error is reported as no: the page
// after it shows it.
func (r *Request) Knows(slug string) bool {
	return r.API.For(slug, "").Get(r.Context(), TenantPath(slug, "me"), nil, nil) == nil
}
