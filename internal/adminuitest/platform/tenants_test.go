// Package platform_test tests the pages of super-admins.
package platform_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const hostile = `<script>alert(1)</script>"'&{{.}}`

func newSite(t *testing.T) (*site.Site, *site.Browser) {
	t.Helper()
	s := site.New(t, site.Options{MultiTenant: true})
	return s, s.SignIn(t, site.Root)
}

func TestSuperAdminCreatesTenant(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	p := b.Get(b.Get("/admin/tenants").Want(http.StatusOK).Link("Create a tenant"))
	p = b.Submit(p.Form("/tenants"), map[string]string{"slug": "initech", "name": hostile,
		"limit.agent": "7", "rate": "2.5"}).Want(http.StatusOK)
	require.True(t, strings.HasPrefix(p.Path(), "/admin/tenants/initech?"), p.Path())
	require.Contains(t, p.Text(), "Created.")
	require.Contains(t, p.Text(), hostile)
	require.NotContains(t, string(p.Body), "<script>alert")
	p = b.Get("/admin/t/initech/settings").Want(http.StatusOK)
	require.Equal(t, "7", p.Form("/quotas").Get("limit.agent"))
	require.Equal(t, "2.5", p.Form("/quotas").Get("rate"))
	require.Contains(t, b.Get("/admin/tenants").Main(), hostile)
}

func TestRefusedTenantIsExplainedNextToItsField(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	for slug, c := range map[string]struct {
		status int
		text   string
	}{
		"admin": {http.StatusUnprocessableEntity, "reserved"}, "acme": {http.StatusConflict, "acme"},
		"-a": {http.StatusUnprocessableEntity, "hyphen"}, "A B": {http.StatusUnprocessableEntity, "a-z"},
	} {
		form := b.Get("/admin/tenants?new=true").Form("/tenants")
		p := b.Submit(form, map[string]string{"slug": slug, "name": hostile}).Want(c.status)
		require.Contains(t, p.FieldError("slug"), c.text, slug)
		require.Equal(t, slug, p.Form("/tenants").Get("slug"))
		require.Equal(t, hostile, p.Form("/tenants").Get("name"), "what was typed is kept")
	}
	form := b.Get("/admin/tenants?new=true").Form("/tenants")
	p := b.Submit(form, map[string]string{"slug": "x1", "name": "X", "limit.agent": "-1", "rate": "many"}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("rate"))
	require.Equal(t, "many", p.Form("/tenants").Get("rate"))
	p = b.Submit(p.Form("/tenants"), map[string]string{"rate": ""}).Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.Text(), "Nothing was saved")
	require.NotContains(t, b.Get("/admin/tenants").Main(), "x1")
}

func TestTenantIsSuspendedAndActivatedWithConfirmation(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	member := s.SignIn(t, site.AcmeViewer)
	p := b.Get(b.Get("/admin/tenants").Link("Acme Works"))
	p = b.Get(p.Link("Suspend")).Want(http.StatusOK)
	require.Contains(t, p.Main(), "refused from now on")
	require.NotEqual(t, http.StatusForbidden, member.Get("/admin/t/acme/settings").Status, "asking changes nothing")
	p = b.Submit(p.Form("/suspend"), nil).Want(http.StatusOK)
	require.Contains(t, p.Text(), "The tenant is suspended.")
	require.Contains(t, p.Main(), "suspended: its members and keys are refused")
	require.Contains(t, member.Get("/admin/t/acme/settings").Want(http.StatusForbidden).Text(), "suspended")
	require.Contains(t, b.Get("/admin/tenants?state=suspended").Main(), "Acme Works")
	require.NotContains(t, b.Get("/admin/tenants?state=active").Main(), "Acme Works")
	p = b.Get("/admin/tenants/acme")
	p = b.Submit(b.Get(p.Link("Activate")).Form("/activate"), nil).Want(http.StatusOK)
	require.Contains(t, p.Text(), "The tenant is active.")
	member.Get("/admin/t/acme/settings").Want(http.StatusOK)
}

func TestTenantIsDeletedRestoredAndPurged(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	p := b.Get(b.Get("/admin/tenants/acme").Link("Delete")).Want(http.StatusOK)
	require.Contains(t, p.Main(), "stop working at once")
	p = b.Submit(p.Form("/delete"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "deleted: its data is kept")
	require.False(t, p.HasLink("/admin/t/acme/"), "a deleted tenant can't be visited")
	p = b.Submit(b.Get(p.Link("Restore")).Form("/restore"), nil).Want(http.StatusOK)
	require.Contains(t, p.Text(), "Restored.")
	require.True(t, p.HasLink("/admin/t/acme/"))
	p = b.Submit(b.Get(p.Link("Delete")).Form("/delete"), nil)
	p = b.Get(p.Link("Purge")).Want(http.StatusOK)
	p = b.Submit(p.Form("/purge"), map[string]string{"confirm": "globex"}).
		Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.FieldError("confirm"), "slug")
	b.Get("/admin/tenants/acme").Want(http.StatusOK)
	p = b.Submit(p.Form("/purge"), map[string]string{"confirm": "acme"}).Want(http.StatusOK)
	require.Contains(t, p.Main(), "sha256:")
	require.Contains(t, p.Main(), "What was removed")
	b.Get("/admin/tenants/acme").Want(http.StatusNotFound)
	require.NotContains(t, b.Get("/admin/tenants").Main(), "Acme Works")
}

func TestActiveTenantIsNotPurged(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	p := b.Get("/admin/tenants/acme/purge").Want(http.StatusOK)
	require.Contains(t, p.Main(), "Only a deleted tenant can be purged")
	b.Submit(p.Form("/purge"), map[string]string{"confirm": "acme"}).Want(http.StatusConflict)
	b.Get("/admin/tenants/acme").Want(http.StatusOK)
}

func TestDefaultTenantOffersNoDeletion(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	p := b.Get("/admin/tenants/default").Want(http.StatusOK)
	for _, link := range p.Links() {
		require.NotContains(t, link, "/delete")
		require.NotContains(t, link, "/purge")
	}
	p = b.Submit(b.Get("/admin/tenants/default/delete").Form("/delete"), nil)
	require.Contains(t, p.Want(http.StatusConflict).Text(), "default")
}

func TestTenantGetsAnotherName(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	p := b.Get("/admin/tenants/acme")
	p = b.Submit(p.Form("/tenants/acme"), map[string]string{"name": ""}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("name"))
	p = b.Submit(p.Form("/tenants/acme"), map[string]string{"name": hostile}).Want(http.StatusOK)
	require.Contains(t, p.Text(), "Saved.")
	require.Equal(t, hostile, p.Form("/tenants/acme").Get("name"))
}

func TestTenantThatAsksForReasonsGetsOneOnItsPage(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	s.Edit(t, "acme", func(t *tenancy.Tenant) { t.Settings = []byte(`{"require_reason":true}`) })
	p := b.Get("/admin/tenants/acme/suspend").Want(http.StatusOK)
	refused := b.Submit(p.Form("/suspend"), nil)
	require.GreaterOrEqual(t, refused.Status, 400)
	require.Contains(t, refused.Text(), "reason")
	p = b.Submit(p.Form("/suspend"), map[string]string{"reason": "invoice 12 is unpaid"})
	require.Contains(t, p.Want(http.StatusOK).Text(), "The tenant is suspended.")
	events, err := s.Services.Audit.List(t.Context(), s.Tenants["acme"].ID, auditQuery)
	require.NoError(t, err)
	require.Contains(t, string(mustJSON(t, events)), "invoice 12 is unpaid")
}

func TestListOfTenantsKeepsFilterAndPosition(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	for i := range 60 {
		name := string([]rune{rune('a' + i/26), rune('a' + i%26)})
		s.AddTenant(t, "t"+name, "Tenant "+name)
	}
	p := b.Get("/admin/tenants?state=active")
	next := p.Link("Next page")
	require.Contains(t, next, "state=active")
	p = b.Get(next).Want(http.StatusOK)
	require.Equal(t, "/admin/tenants?state=active", p.Link("First page"))
	p = b.Get(p.Link("Tenant ch"))
	require.True(t, p.HasLink(next), "%s: %s", p.URL, p.Links())
	p = b.Submit(p.Form("/tenants/tch"), map[string]string{"name": "Other"}).Want(http.StatusOK)
	require.True(t, p.HasLink(next), "%s: %s", p.URL, p.Links())
	p = b.Submit(b.Get(p.Link("Suspend")).Form("/suspend"), nil).Want(http.StatusOK)
	require.True(t, p.HasLink(next), "%s: %s", p.URL, p.Links())
}

func TestOthersAreRefusedOnThePagesOfSuperAdmins(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	b := s.SignIn(t, site.AcmeAdmin)
	for _, path := range []string{"/admin/tenants", "/admin/tenants?new=true", "/admin/tenants/acme",
		"/admin/tenants/acme/delete", "/admin/tenants/globex", "/admin/users",
		"/admin/users/" + s.Users[site.AcmeAdmin].ID} {
		p := b.Get(path).Want(http.StatusForbidden)
		require.NotContains(t, p.Text(), "Globex")
	}
	for _, path := range []string{"/admin/tenants", "/admin/tenants/acme/delete",
		"/admin/users/" + s.Users[site.GlobexAdmin].ID + "/remove"} {
		b.Post(path, nil).Want(http.StatusForbidden)
	}
	b.Get("/admin/t/acme/settings").Want(http.StatusOK)
}
