package auditlog

import (
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/auditentry"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// writer writes the entries of one page.
type writer struct {
	r        *page.Request
	filter   filter
	path     string // of the list
	platform bool   // the list has the entries of all tenants
}

// entry returns an entry for people.
func (w writer) entry(e auditentry.Entry) view.AuditEntry {
	shown := view.AuditEntry{
		ID: e.ID, Seq: e.Seq, At: e.At, Actor: w.actor(e), Words: auditentry.Words(e.Action), Action: e.Action,
		TargetKind: e.Target.Kind, Target: view.Link{Text: e.Target.Name, Href: w.target(e)},
		Outcome: e.Outcome, OutcomeWords: auditentry.OutcomeWords(e.Outcome),
		RequestID: e.RequestID, IP: e.IP,
	}
	shown.Reason, shown.Facts, shown.Shortened = facts(e.Details)
	if w.platform && e.TenantSlug != "" {
		shown.Tenant = view.Link{Text: e.TenantSlug, Href: w.r.Site.Root.Tenant(e.TenantSlug).To()}
	}
	return shown
}

// actor returns who acted, with a link to what else they did.
func (w writer) actor(e auditentry.Entry) view.AuditActor {
	a := view.AuditActor{ID: e.Actor.ID, Kind: e.Actor.KindWords(), Name: e.Actor.Title(),
		Nameless: e.Actor.Name == ""}
	if e.Actor.ID != "" && e.Actor.ID != w.filter["actor"] {
		a.Only = w.filter.with(w.path, "actor", e.Actor.ID)
	}
	return a
}

// target returns the path of the page of what was acted on, "" if it has none.
func (w writer) target(e auditentry.Entry) string {
	tenant := w.tenant(e)
	switch e.Target.Kind {
	case "user":
		if w.platform && w.r.Caller.SuperAdmin {
			return w.r.Site.Root.To("users")
		}
	case "route", "":
		return ""
	}
	if tenant == "" {
		return ""
	}
	return targetIn(w.r.Site, tenant, e)
}

// tenant returns the root of the pages of the entry's tenant, "" if it has none.
func (w writer) tenant(e auditentry.Entry) urls.Tenant {
	switch {
	case !w.platform:
		return w.r.URLs
	case e.TenantSlug == "":
		return ""
	}
	return w.r.Site.Root.Tenant(e.TenantSlug)
}

// pagesOfKinds are the pages on which the targets of these kinds are found.
var pagesOfKinds = map[string]string{
	"member": "members", "user": "members", "key": "keys", "invitation": "invitations",
	"bundle": "promotion", "tenant": "settings",
}

// targetIn returns the path of the target's page in a tenant, "" if it has none. A deleted
// resource has none.
func targetIn(s *page.Site, tenant urls.Tenant, e auditentry.Entry) string {
	if kind, ok := s.Kinds.Kind(e.Target.Kind); ok && e.Target.Name != "" {
		if e.Action == "resource.delete" {
			return ""
		}
		return tenant.To(kind.Path, e.Target.Name)
	}
	if e.Target.Kind == "secret" && e.Target.Name != "" {
		return tenant.To("secrets", e.Target.Name)
	}
	if segment := pagesOfKinds[e.Target.Kind]; segment != "" {
		return tenant.To(segment)
	}
	return ""
}
