// Package settings_test tests the page of a tenant's settings and quotas.
package settings_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	hostile = `<script>alert(1)</script>"'&{{.}}`
	page    = "/admin/t/acme/settings"
)

func newSite(t *testing.T, settings string) *site.Site {
	t.Helper()
	s := site.New(t, site.Options{MultiTenant: true})
	s.Edit(t, "acme", func(t *tenancy.Tenant) { t.Settings = []byte(settings) })
	return s
}

func storedSettings(t *testing.T, s *site.Site) string {
	t.Helper()
	tenant, err := s.Services.Tenants.Get(t.Context(), s.Tenants["acme"].ID)
	require.NoError(t, err)
	return string(tenant.Settings)
}

func TestSettingsSavedUnchangedLoseNothing(t *testing.T) {
	t.Parallel()
	for _, settings := range []string{
		`{}`, `{"require_reason":false}`, `{"a":{"b":[1,2.50,"x"]},"require_reason":true}`,
		`{"big":9007199254740991,"small":1e-300,"zero":-0.5}`, `{"require_reason":"yes","x":null}`,
		`{"require_reason":null}`, `{"":"","<b>":"\ud83d\ude00 \t"}`,
	} {
		s := newSite(t, settings)
		b := s.SignIn(t, site.AcmeAdmin)
		p := b.Submit(b.Get(page).Want(http.StatusOK).Form("/settings"), nil)
		require.Contains(t, p.Want(http.StatusOK).Text(), "Saved.", settings)
		require.JSONEq(t, settings, storedSettings(t, s))
	}
}

func TestAdminChangesNameAndSettings(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{"a":1}`)
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Submit(b.Get(page).Form("/settings"), map[string]string{"name": hostile,
		"require_reason": "true", "settings": "{\n  \"text\": \"</textarea>" + `<script>alert(1)</script>` + "\"\n}"})
	require.Contains(t, p.Want(http.StatusOK).Text(), "Saved.")
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Equal(t, hostile, p.Form("/settings").Get("name"))
	require.JSONEq(t, `{"require_reason":true,"text":"</textarea><script>alert(1)</script>"}`,
		storedSettings(t, s))
	b.Submit(p.Form("/settings"), map[string]string{"require_reason": ""}).Want(http.StatusOK)
	require.JSONEq(t, `{"require_reason":false,"text":"</textarea><script>alert(1)</script>"}`,
		storedSettings(t, s))
}

func TestSettingsThatAreNotAnObjectAreExplained(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{"a":1}`)
	b := s.SignIn(t, site.AcmeAdmin)
	for text, says := range map[string]string{
		`[1]`: "object", `{"a":1,"a":2}`: "JSON", "{\n\"a\":}": "Line 2", `{"a":1} x`: "JSON",
		`{"require_reason":true}`: "field above", `{"n":1e999}`: "", `nul`: "object",
	} {
		p := b.Submit(b.Get(page).Form("/settings"), map[string]string{"name": "Typed", "settings": text})
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, text)
		require.NotEmpty(t, p.FieldError("settings"), text)
		if says != "Line 2" {
			require.Contains(t, p.FieldError("settings"), says, text)
		} else {
			require.Contains(t, p.FieldError("settings"), "line 2", text)
		}
		require.Equal(t, "Typed", p.Form("/settings").Get("name"))
	}
	p := b.Submit(b.Get(page).Form("/settings"), map[string]string{"name": ""})
	require.NotEmpty(t, p.Want(http.StatusUnprocessableEntity).FieldError("name"))
	require.JSONEq(t, `{"a":1}`, storedSettings(t, s))
}

func TestChangeOfAnotherPersonIsShownBeforeItIsReplaced(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{"a":1}`)
	b := s.SignIn(t, site.AcmeAdmin)
	form := b.Get(page).Form("/settings")
	s.Edit(t, "acme", func(t *tenancy.Tenant) { t.Settings, t.Name = []byte(`{"theirs":2}`), "Theirs" })
	p := b.Submit(form, map[string]string{"name": "Mine", "settings": `{"mine":3}`}).
		Want(http.StatusPreconditionFailed)
	require.Contains(t, p.Main(), "Someone else has changed the settings")
	require.Contains(t, p.Main(), `"theirs": 2`)
	require.Contains(t, p.Main(), "Name Theirs")
	require.Equal(t, `{"mine":3}`, p.Form("/settings").Get("settings"))
	require.JSONEq(t, `{"theirs":2}`, storedSettings(t, s))
	p = b.Submit(p.Form("/settings"), nil)
	require.Contains(t, p.Want(http.StatusOK).Text(), "Saved.")
	require.JSONEq(t, `{"mine":3}`, storedSettings(t, s))
}

func TestOthersReadTheSettingsWithoutForm(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{"require_reason":true,"a":"b"}`)
	for _, email := range []string{site.AcmeViewer, site.AcmeEditor} {
		b := s.SignIn(t, email)
		p := b.Get(page).Want(http.StatusOK)
		for _, f := range p.Forms() {
			require.NotContains(t, f.Action.Path, "/settings", "%s has a form", email)
		}
		require.Contains(t, p.Main(), "Acme Works")
		require.Contains(t, p.Main(), `"a": "b"`)
		require.Contains(t, p.Main(), "Super-admins must give a reason yes")
		b.Post(page, map[string][]string{"tenant": {"acme"}, "name": {"X"}, "settings": {"{}"}}).
			Want(http.StatusForbidden)
		b.Post(page+"/quotas", map[string][]string{"tenant": {"acme"}, "rate": {"1"}}).
			Want(http.StatusForbidden)
	}
	require.JSONEq(t, `{"require_reason":true,"a":"b"}`, storedSettings(t, s))
}

func TestOnlySuperAdminsChangeQuotas(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{}`)
	b := s.SignIn(t, site.Root)
	p := b.Get(page).Want(http.StatusOK)
	p = b.Submit(p.Form("/quotas"), map[string]string{"limit.prompt": "12", "rate": "0.5"})
	require.Contains(t, p.Want(http.StatusOK).Text(), "Saved.")
	require.Equal(t, "12", p.Form("/quotas").Get("limit.prompt"))
	require.Equal(t, "0.5", p.Form("/quotas").Get("rate"))
	refused := b.Submit(p.Form("/quotas"), map[string]string{"limit.prompt": "1.5", "rate": "5"})
	require.Equal(t, http.StatusUnprocessableEntity, refused.Status, refused.Main())
	require.NotEmpty(t, refused.FieldError("limit.prompt"), refused.Main())
	require.Equal(t, "5", refused.Form("/quotas").Get("rate"))
	p = b.Submit(p.Form("/quotas"), map[string]string{"limit.prompt": "", "rate": ""})
	require.NotContains(t, p.Want(http.StatusOK).Main(), "12")

	admin := s.SignIn(t, site.AcmeAdmin)
	require.Contains(t, admin.Get(page).Main(), "Only super-admins can change the quotas.")
	admin.Post(page+"/quotas", map[string][]string{"tenant": {"acme"}, "rate": {"9"}}).
		Want(http.StatusForbidden)
}

func TestQuotasReplacedMeanwhileAreNotOverwritten(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{}`)
	b := s.SignIn(t, site.Root)
	form := b.Get(page).Form("/quotas")
	s.Edit(t, "acme", func(t *tenancy.Tenant) { t.Quotas.RequestsPerSecond = 7 })
	p := b.Submit(form, map[string]string{"rate": "3"}).Want(http.StatusPreconditionFailed)
	require.Contains(t, p.Main(), "at most 7 on average")
	require.Equal(t, "3", p.Form("/quotas").Get("rate"))
}

func TestSettingsWithTenancyOff(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/default/settings").Want(http.StatusOK)
	p = b.Submit(p.Form("/settings"), map[string]string{"name": "Only"})
	require.Contains(t, p.Want(http.StatusOK).Text(), "Saved.")
}

func TestFormOfAnotherTenantChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, `{}`)
	b := s.SignIn(t, site.AcmeAdmin)
	form := b.Get(page).Form("/settings")
	b.Post("/admin/t/globex/settings", form.Values()).Want(http.StatusConflict)
	id := s.Tenants["acme"].ID.String()
	for name, tenant := range map[string]string{"another": "globex", "none": "", "an id": id} {
		values := form.Values()
		values.Set("tenant", tenant)
		p := b.Post(page, values).Want(http.StatusConflict)
		require.Contains(t, p.Main(), "Nothing was changed", name)
	}
}
