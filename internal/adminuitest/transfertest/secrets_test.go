package transfertest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// secretOf returns the value of a secret of acme, from the vault.
func secretOf(t *testing.T, s *site.Site, name string) string {
	t.Helper()
	tenant := s.Tenants["acme"].ID
	value, err := s.Services.Vault.Get(tenancy.NewContext(t.Context(), tenant), tenant, name)
	require.NoError(t, err)
	return string(value)
}

func setSecret(t *testing.T, s *site.Site, name string) {
	t.Helper()
	tenant := s.Tenants["acme"].ID
	require.NoError(t, s.Services.Vault.Set(tenancy.NewContext(t.Context(), tenant), tenant, name,
		[]byte("canary")))
}

func hasSecret(t *testing.T, s *site.Site, name string) bool {
	t.Helper()
	tenant := s.Tenants["acme"].ID
	_, err := s.Services.Vault.Get(tenancy.NewContext(t.Context(), tenant), tenant, name)
	return err == nil
}

func TestSecretsPageListsValuesAndWhatUsesThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "acme", "model_config", "gpt", map[string]any{"api_key": "very secret"})
	for i := range 21 {
		put(t, s, "acme", "model_config", fmt.Sprintf("shared %02d", i), map[string]any{
			"api_key": map[string]string{"$secret": hostile}})
	}
	setSecret(t, s, "unused")
	put(t, s, "globex", "model_config", "foreign", map[string]any{"api_key": "x"})
	p := s.SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/secrets").Want(http.StatusOK)
	require.Contains(t, p.Main(), "model_config/gpt/api_key")
	require.Contains(t, p.Main(), hostile)
	require.Contains(t, p.Main(), "And more.")
	require.Contains(t, p.Main(), "missing")
	require.Contains(t, p.Main(), "no resource")
	require.True(t, p.HasLink("/admin/t/acme/model-configs/shared%2019"))
	require.False(t, p.HasLink("/admin/t/acme/model-configs/shared%2020"))
	require.True(t, p.HasLink("/admin/t/acme/model-configs/shared%2003"))
	require.NotContains(t, string(p.Body), "<script>alert")
	require.NotContains(t, string(p.Body), "very secret")
	require.NotContains(t, p.Main(), "foreign")
}

func TestSecretsPageHasPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i := range 60 {
		put(t, s, "acme", "model_config", fmt.Sprintf("m%02d", i), map[string]any{"api_key": "x"})
	}
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/secrets").Want(http.StatusOK)
	require.Contains(t, p.Main(), "m49/api_key")
	require.NotContains(t, p.Main(), "m50/api_key")
	p = b.Get(p.Link("Next page")).Want(http.StatusOK)
	require.Contains(t, p.Main(), "m50/api_key")
	require.Contains(t, p.Main(), "m59/api_key")
	p = b.Get(p.Link("Set model_config/m55/api_key")).Want(http.StatusOK)
	p = b.Submit(p.Form("api_key"), map[string]string{"value": "new"}).Want(http.StatusOK)
	require.Contains(t, p.Path(), "cursor=")
	require.Contains(t, p.Text(), "The secret is set.")
	require.Equal(t, "new", secretOf(t, s, "model_config/m55/api_key"))
}

func TestSecretIsSetByNameAndNeverShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/secrets").Want(http.StatusOK)
	p = b.Submit(p.Form("/secrets"), map[string]string{"name": "team/" + hostile}).Want(http.StatusOK)
	require.Contains(t, p.Main(), hostile)
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Equal(t, "new-password", site.Attr(p.ByID("f-value"), "autocomplete"))
	forms := p.Forms()
	p = b.Submit(forms[len(forms)-1], map[string]string{"value": "canary"}).Want(http.StatusOK)
	require.NotContains(t, string(p.Body), "canary")
	require.Equal(t, "canary", secretOf(t, s, "team/"+hostile))
}

func TestSecretIsUnsetAfterAConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "acme", "model_config", "gpt", map[string]any{"api_key": "canary"})
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/secrets").Want(http.StatusOK)
	p = b.Get(p.Link("Unset model_config/gpt/api_key")).Want(http.StatusOK)
	require.Equal(t, "canary", secretOf(t, s, "model_config/gpt/api_key"), "asking changes nothing")
	form := p.Form("unset")
	p = b.Submit(form, nil).Want(http.StatusOK)
	require.Equal(t, "/admin/t/acme/secrets?done=unset", p.Path())
	require.Contains(t, p.Text(), "The secret has no value any more.")
	require.Contains(t, p.Main(), "missing")
	require.Contains(t, p.Main(), "gpt")
	require.False(t, hasSecret(t, s, "model_config/gpt/api_key"))
	b.Submit(form, nil).Want(http.StatusOK)
}

func TestSecretIsUnsetByAdminsOfItsTenantOnly(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	setSecret(t, s, "key")
	const path = "/admin/t/acme/secrets/key/unset"
	form := func(tenant string) url.Values { return url.Values{"tenant": {tenant}} }
	editor := s.SignIn(t, site.AcmeEditor)
	editor.Get(path).Want(http.StatusForbidden)
	editor.Post(path, form("acme")).Want(http.StatusForbidden)
	s.SignIn(t, site.GlobexAdmin).Post(path, form("acme")).Want(http.StatusNotFound)
	s.SignIn(t, site.AcmeAdmin).Post(path, form("globex")).Want(http.StatusConflict)
	require.True(t, hasSecret(t, s, "key"))
}

func TestSecretOfSeveralLinesKeepsThem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get("/admin/t/acme/secrets/key").Want(http.StatusOK)
	p = b.Get(p.Link("The value has several lines")).Want(http.StatusOK)
	b.Submit(p.Form("secrets/key"), map[string]string{"value": "BEGIN\nx\nEND\n"}).Want(http.StatusOK)
	require.Equal(t, "BEGIN\nx\nEND\n", secretOf(t, s, "key"))
}

func TestRefusedSecretIsExplainedAndNotShownAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Submit(b.Get("/admin/t/acme/secrets/key").Form("secrets/key"), map[string]string{"value": ""})
	require.NotEmpty(t, p.Want(http.StatusUnprocessableEntity).FieldError("value"))
	canary := strings.Repeat("canary", 400_000)
	p = b.Submit(p.Form("secrets/key"), map[string]string{"value": canary})
	require.Contains(t, p.Want(http.StatusRequestEntityTooLarge).Main(), "too large")
	require.NotContains(t, string(p.Body), "canary")
}

func TestSecretsAreForAdminsOfTheirTenant(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	editor := s.SignIn(t, site.AcmeEditor)
	editor.Get("/admin/t/acme/secrets").Want(http.StatusForbidden)
	editor.Get("/admin/t/acme/secrets/key").Want(http.StatusForbidden)
	form := func(tenant string) url.Values {
		return url.Values{"tenant": {tenant}, "value": {"canary"}, "back": {"https://evil.example/"}}
	}
	editor.Post("/admin/t/acme/secrets/key", form("acme")).Want(http.StatusForbidden)
	s.SignIn(t, site.GlobexAdmin).Post("/admin/t/acme/secrets/key", form("acme")).Want(http.StatusNotFound)
	admin := s.SignIn(t, site.AcmeAdmin)
	admin.Post("/admin/t/acme/secrets/key", form("globex")).Want(http.StatusConflict)
	p := admin.Post("/admin/t/acme/secrets/key", form("acme")).Want(http.StatusOK)
	require.Equal(t, "/admin/t/acme/secrets?done=secret", p.Path())
}

func TestSecretIsNotKeptWhenTheSessionHasEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	form := b.Get("/admin/t/acme/secrets/key").Want(http.StatusOK).Form("secrets/key")
	s.EndSessions(t, site.AcmeAdmin)
	p := b.Submit(form, map[string]string{"value": "canary"}).Want(http.StatusUnauthorized)
	require.NotContains(t, string(p.Body), "canary")
}
