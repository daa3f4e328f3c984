package auditlogtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const hostile = `<script>alert(1)</script>"'&{{.}}`

// newSite returns a site with tenancy on.
func newSite(t *testing.T) *site.Site { return site.New(t, site.Options{MultiTenant: true}) }

// record writes an entry into a tenant's log, as a caller does.
func record(t *testing.T, s *site.Site, slug string, e tenancy.Event, r tenancy.Request) {
	t.Helper()
	ctx := tenancy.WithRequest(tenancy.NewContext(context.Background(), s.Tenants[slug].ID), r)
	require.NoError(t, s.Services.Audit.Append(ctx, s.Tenants[slug].ID, e))
}

// user is an actor.
func user(id, name string) tenancy.Actor {
	return tenancy.Actor{Kind: tenancy.UserPrincipal, ID: id, Name: name}
}

func TestAuditPageShowsWhoDidWhatWhenAndHow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	record(t, s, "acme", tenancy.Event{Action: "resource.update", Actor: user("u-7", "Ada"),
		Target: tenancy.AuditTarget{Kind: "prompt", Name: "greet/ing"}, Outcome: tenancy.Failed,
		Details: map[string]any{"version": 3, "state": map[string]any{"before": "active", "ok": true}}},
		tenancy.Request{ID: "req-1", Address: "192.0.2.9", Reason: "ticket 42"})
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit").Want(http.StatusOK)
	text := p.Main()
	for _, want := range []string{"Ada", "a user, id u-7", "Changed a resource", "resource.update",
		"prompt", "Failed", "req-1", "192.0.2.9", "Reason: ticket 42", "version 3",
		"state › before active", "state › ok yes"} {
		require.Contains(t, text, want)
	}
	require.True(t, p.HasLink("/admin/t/acme/prompts/greet%2Fing"))
	require.Contains(t, string(p.Body), `<time datetime="`)
}

func TestDeletedResourceHasNoLinkInAuditPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	record(t, s, "acme", tenancy.Event{Action: "resource.delete",
		Target: tenancy.AuditTarget{Kind: "prompt", Name: "gone"}}, tenancy.Request{})
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit").Want(http.StatusOK)
	require.Contains(t, p.Main(), "Deleted a resource")
	require.False(t, p.HasLink("/admin/t/acme/prompts/gone"))
}

func TestAuditTargetsLeadToTheirPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, kind := range []string{"key", "member", "secret", "invitation", "bundle", "tenant", "route"} {
		record(t, s, "acme", tenancy.Event{Action: "x.y",
			Target: tenancy.AuditTarget{Kind: kind, Name: "n"}}, tenancy.Request{})
	}
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit?action=x.y").Want(http.StatusOK)
	require.Contains(t, p.Main(), "x y")
	for _, path := range []string{"keys", "members", "secrets/n", "invitations", "promotion", "settings"} {
		require.True(t, p.HasLink("/admin/t/acme/"+path), path)
	}
}

func TestHostileTextInAuditPageIsEscaped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	record(t, s, "acme", tenancy.Event{Action: hostile, Actor: user(hostile, hostile),
		Target:  tenancy.AuditTarget{Kind: hostile, Name: hostile},
		Outcome: tenancy.Outcome(hostile), Details: map[string]any{hostile: hostile}},
		tenancy.Request{ID: hostile, Address: hostile, Reason: hostile})
	b := s.SignIn(t, site.AcmeAdmin)
	for _, path := range []string{"/admin/t/acme/audit", "/admin/t/acme/audit?" + url.Values{
		"actor": {hostile}, "action": {hostile}}.Encode()} {
		p := b.Get(path).Want(http.StatusOK)
		require.NotContains(t, string(p.Body), "<script>alert")
		require.GreaterOrEqual(t, strings.Count(p.Main(), hostile), 8, p.Main())
	}
}

func TestAuditFilterNarrowsTheListAndStaysOnTheNextPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 60 {
		record(t, s, "acme", tenancy.Event{Action: "resource.create", Actor: user("u-1", "Ada"),
			Target: tenancy.AuditTarget{Kind: "prompt", Name: fmt.Sprint("p", i)}}, tenancy.Request{})
		record(t, s, "acme", tenancy.Event{Action: "resource.update", Actor: user("u-2", "Bob"),
			Target: tenancy.AuditTarget{Kind: "prompt", Name: fmt.Sprint("q", i)}}, tenancy.Request{})
	}
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/audit").Want(http.StatusOK)
	require.NotContains(t, p.Links(), "/admin/t/acme/audit?actor=u-3")
	p = b.Get("/admin/t/acme/audit?actor=u-1")
	require.Contains(t, p.Main(), "p59")
	require.NotContains(t, p.Main(), "Bob")
	require.Equal(t, "u-1", p.Form("/audit").Get("actor"))
	p = b.Get(p.Link("Next page")).Want(http.StatusOK)
	require.Contains(t, p.Path(), "actor=u-1")
	require.Contains(t, p.Main(), "p0")
	require.NotContains(t, p.Main(), "Bob")
	require.Equal(t, "/admin/t/acme/audit?actor=u-1", p.Link("First page"))
}

func TestActorInAuditPageLeadsToWhatTheyAloneDid(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	record(t, s, "acme", tenancy.Event{Action: "resource.create", Actor: user("u&1", "Ada")},
		tenancy.Request{})
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit?outcome=ok&action=resource.create")
	require.True(t, p.HasLink("/admin/t/acme/audit?action=resource.create&outcome=ok&actor=u%261"),
		p.Links())
}

func TestAuditFilterReadsTimesInUTC(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	record(t, s, "acme", tenancy.Event{Action: "resource.create", Actor: user("u", "Ada")},
		tenancy.Request{})
	b := s.SignIn(t, site.AcmeAdmin)
	require.Contains(t, b.Get("/admin/t/acme/audit?since=2020-01-31T12:00&until=2200-01-01T00:00:01").
		Want(http.StatusOK).Main(), "Ada")
	require.Contains(t, b.Get("/admin/t/acme/audit?since=2200-01-31T12:00").Want(http.StatusOK).Main(),
		"No entry fits this filter.")
}

func TestAuditFilterThatIsWrongIsExplained(t *testing.T) {
	t.Parallel()
	b := newSite(t).SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/audit?since=yesterday&actor=u-1").Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.FieldError("since"), "in UTC")
	require.Equal(t, "yesterday", p.Form("/audit").Get("since"))
	require.Equal(t, "u-1", p.Form("/audit").Get("actor"))
	p = b.Get("/admin/t/acme/audit?outcome=maybe").Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.Main(), "outcome")
}

func TestLongAuditDetailsAreShortened(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 50 {
		record(t, s, "acme", tenancy.Event{Action: "note.publish", Details: map[string]any{
			"text": strings.Repeat("é", 100_000), fmt.Sprint("n", i): true}}, tenancy.Request{})
	}
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/audit?action=note.publish").Want(http.StatusOK)
	require.Contains(t, p.Main(), "There is more: the export has all of it.")
	require.Less(t, len(p.Body), 160<<10)
	require.NotContains(t, string(p.Body), "\uFFFD")
}

func TestAuditPageIsRefusedWithoutTheRight(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"", "/export", "/verify?head="} {
		path := "/admin/t/acme/audit" + path
		s.SignIn(t, site.AcmeEditor).Get(path).Want(http.StatusForbidden)
		s.SignIn(t, site.GlobexAdmin).Get(path).Want(http.StatusNotFound)
		require.Contains(t, s.NewBrowser(t).Get(path).URL.Path, "/sign-in")
	}
	s.SignIn(t, site.AcmeAdmin).Get("/admin/audit").Want(http.StatusForbidden)
}

func TestSuperAdminSeesTheLogOfAllTenants(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, slug := range []string{"acme", "globex"} {
		record(t, s, slug, tenancy.Event{Action: "resource.create", Actor: user("u", "Ada"),
			Target: tenancy.AuditTarget{Kind: "agent", Name: "of-" + slug}}, tenancy.Request{})
	}
	b := s.SignIn(t, site.Root)
	p := b.Get("/admin/audit?action=resource.create").Want(http.StatusOK)
	for _, path := range []string{"/admin/t/acme/", "/admin/t/globex/", "/admin/t/acme/agents/of-acme",
		"/admin/t/globex/agents/of-globex"} {
		require.True(t, p.HasLink(path), path)
	}
	require.Equal(t, "resource.create", p.Form("/admin/audit").Get("action"))
}
