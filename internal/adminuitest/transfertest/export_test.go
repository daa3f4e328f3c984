package transfertest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html/atom"

	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestImportOffersEveryStrategyOfTheAPI(t *testing.T) {
	t.Parallel()
	p := newSite(t).SignIn(t, site.AcmeAdmin).Get("/admin/t/acme/promotion").Want(http.StatusOK)
	var want, got []string
	for _, s := range promote.Strategies() {
		want = append(want, string(s))
	}
	for _, option := range p.All(atom.Option) {
		got = append(got, site.Attr(option, "value"))
	}
	require.Equal(t, want, got)
}

func TestBundleIsExportedAsFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "acme", "prompt", "in the bundle", prompt("x"))
	put(t, s, "acme", "model_config", "gpt", map[string]any{"api_key": "very secret"})
	b := s.SignIn(t, site.AcmeViewer)
	form := b.Get("/admin/t/acme/promotion").Want(http.StatusOK).Form("/promotion/export")
	p := b.Submit(form, map[string]string{"label": ""}).Want(http.StatusOK)
	require.Equal(t, `attachment; filename="acme.bundle.json"`, p.Header.Get("Content-Disposition"))
	require.Equal(t, "application/vnd.bailiwick.bundle+json", p.Header.Get("Content-Type"))
	require.Contains(t, string(p.Body), "in the bundle")
	require.Contains(t, string(p.Body), "gpt")
	require.NotContains(t, string(p.Body), "very secret")
}

func TestExportTakesKindsAndLabels(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "acme", "prompt", "one", prompt("x"))
	put(t, s, "acme", "agent", "two", map[string]any{})
	b := s.SignIn(t, site.AcmeViewer)
	p := b.Get("/admin/t/acme/promotion/export?kind=agent&label=").Want(http.StatusOK)
	require.Contains(t, string(p.Body), `"two"`)
	require.NotContains(t, string(p.Body), `"one"`)
	p = b.Get("/admin/t/acme/promotion/export?" + url.Values{"label": {"team=a, stage=b"}}.Encode())
	require.NotContains(t, string(p.Want(http.StatusOK).Body), `"two"`)
	p = b.Get("/admin/t/acme/promotion/export?label=team").Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.Main(), "key=value")
	require.True(t, p.HasLink("/admin/t/acme/promotion"))
	b.Get("/admin/t/acme/promotion/export?kind=nonsense").Want(http.StatusUnprocessableEntity)
}

func TestExportTakesNamesAndReferences(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "acme", "prompt", "hello, you", prompt("x"))
	put(t, s, "acme", "agent", "base", map[string]any{"prompts": []string{"hello, you"}})
	put(t, s, "acme", "agent", "other", map[string]any{})
	b := s.SignIn(t, site.AcmeViewer)
	form := b.Get("/admin/t/acme/promotion").Want(http.StatusOK).Form("/promotion/export")
	bundle := string(b.Submit(form, map[string]string{"name": " base \r\n\r\nother\r\n"}).
		Want(http.StatusOK).Body)
	require.Contains(t, bundle, `"count":2`)
	bundle = string(b.Submit(form, map[string]string{"name": "base", "with_references": "true"}).
		Want(http.StatusOK).Body)
	require.Contains(t, bundle, `"count":2`)
	require.Contains(t, bundle, `"name":"hello, you"`)
	p := b.Submit(form, map[string]string{"name": "base\nmistyped"}).Want(http.StatusNotFound)
	require.Contains(t, p.Main(), "mistyped")
	require.True(t, p.HasLink("/admin/t/acme/promotion"))
}

func TestPromotionIsNotForOthers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"promotion", "promotion/export", "secrets", "federation"} {
		path = "/admin/t/acme/" + path
		s.SignIn(t, site.GlobexAdmin).Get(path).Want(http.StatusNotFound)
		require.Contains(t, s.NewBrowser(t).Get(path).URL.Path, "/sign-in")
	}
}

func TestFederationPageSaysHowConfigurationMovesToday(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, email := range []string{site.AcmeAdmin, site.AcmeViewer} {
		p := s.SignIn(t, email).Get("/admin/t/acme/federation").Want(http.StatusOK)
		require.Contains(t, p.Main(), "follows no other registry")
		require.True(t, p.HasLink("/admin/t/acme/promotion"))
	}
}

func TestPagesOfTransferWorkWithTenancyOff(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	put(t, s, string(tenancy.DefaultSlug), "prompt", "p", prompt("x"))
	b := s.SignIn(t, site.AcmeAdmin)
	for _, path := range []string{"promotion", "promotion/export", "secrets", "federation", "audit",
		"audit/verify?head="} {
		b.Get("/admin/t/default/" + path).Want(http.StatusOK)
	}
	bundle := exported(t, s, site.AcmeAdmin, "default", "?kind=prompt")
	p := try(b, "default", "fail", bundle).Want(http.StatusOK)
	require.Contains(t, p.Main(), "1 Is the same already")
	b.Submit(p.Form("/promotion/import"), nil).Want(http.StatusOK)
}
