// Package overviewtest_test tests the first page of a tenant, and the start page.
package overviewtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestOverviewHasCountsAndChangesWithLinks(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	admin := s.SignIn(t, site.AcmeAdmin)
	created := admin.Get("/admin/t/acme/prompts?new=true")
	admin.Submit(created.Form("/prompts"), map[string]string{"name": "greeting/v2",
		"text.template": "Hello"}).Want(http.StatusOK)

	page := admin.Get("/admin/t/acme/").Want(http.StatusOK)
	require.Contains(t, page.Main(), "1 Prompts")
	require.Contains(t, page.Main(), "Created a resource: prompt greeting/v2")
	require.True(t, page.HasLink("/admin/t/acme/prompts/greeting%2Fv2"))
	require.Contains(t, page.Main(), "Waiting for you Nothing.")
}

func TestOverviewDoesNotLinkWhatIsDeleted(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	admin := s.SignIn(t, site.AcmeAdmin)
	create := func() {
		form := admin.Get("/admin/t/acme/prompts?new=true").Form("/prompts")
		admin.Submit(form, map[string]string{"name": "greeting",
			"text.template": "Hello"}).Want(http.StatusOK)
	}
	create()
	confirm := admin.Get("/admin/t/acme/prompts/greeting/delete").Form("/delete")
	admin.Submit(confirm, nil).Want(http.StatusOK)
	page := admin.Get("/admin/t/acme/").Want(http.StatusOK)
	require.Contains(t, page.Main(), "Created a resource: prompt greeting")
	require.Contains(t, page.Main(), "Deleted a resource: prompt greeting")
	require.False(t, page.HasLink("/admin/t/acme/prompts/greeting"))

	create()
	page = admin.Get("/admin/t/acme/").Want(http.StatusOK)
	require.True(t, page.HasLink("/admin/t/acme/prompts/greeting"), "it is there again")
}

func TestViewersOverviewHasNoAuditLog(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	page := s.SignIn(t, site.AcmeViewer).Get("/admin/t/acme/").Want(http.StatusOK)
	require.NotContains(t, page.Main(), "Last changes")
	require.False(t, page.HasLink("/admin/t/acme/audit"))
}

func TestOverviewSaysWhatWaits(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	acme, now := s.Tenants["acme"], time.Now()
	for name, left := range map[string]time.Duration{"soon": 48 * time.Hour, "later": 480 * time.Hour} {
		hash, err := tenancy.HashKeySecret(tenancy.NewKeySecret())
		require.NoError(t, err)
		_, err = s.Services.Keys.Create(t.Context(), acme.ID, tenancy.APIKey{ID: tenancy.NewID().String(),
			Tenant: acme.ID, Name: name, Role: tenancy.Viewer, Hash: hash, ExpiresAt: now.Add(left)})
		require.NoError(t, err)
	}
	page := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/").Want(http.StatusOK)
	require.Contains(t, page.Main(), "The API key soon expires on ")
	require.NotContains(t, page.Main(), "The API key later")

	visitor := s.SignIn(t, site.Root).Get("/admin/t/acme/").Want(http.StatusOK)
	require.NotContains(t, visitor.Main(), "Waiting for you")
}

func TestStartPageOfPersonWithoutTenantsSaysWhatToDo(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	page := s.SignIn(t, site.Alone).Get("/admin/").Want(http.StatusOK)
	require.Contains(t, page.Main(), "Ask an admin of a tenant to invite you")
}

func TestDefaultTenantAloneShowsNoSwitcher(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	s.AddMember(t, site.Alone, "default", tenancy.Viewer)
	page := s.SignIn(t, site.Alone).Get("/admin/t/default/").Want(http.StatusOK)
	require.NotContains(t, page.Links(), "/admin/switch")

	s.AddMember(t, site.Alone, "acme", tenancy.Viewer)
	page = s.SignIn(t, site.Alone).Get("/admin/t/default/").Want(http.StatusOK)
	require.Contains(t, page.Links(), "/admin/switch")
}
