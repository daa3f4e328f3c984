package resourcestest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

func TestListShowsResourcesWithTheirLabels(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", hostile, `{"template":"x","description":"about `+`<b>bold</b>`+`"}`, "team", "a b")
	p := open(s.SignIn(t, site.AcmeViewer), "/admin/t/acme/prompts")
	require.Contains(t, p.Main(), hostile)
	require.Contains(t, p.Main(), "about <b>bold</b>")
	require.NotContains(t, string(p.Body), "<b>bold")
	p = open(s.SignIn(t, site.AcmeViewer), p.Link("team=a b"))
	require.Contains(t, p.Main(), hostile)
}

func TestListOffersEditorsAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "a", `{"template":"x"}`)
	p := open(s.SignIn(t, site.AcmeViewer), "/admin/t/acme/prompts")
	for _, link := range p.Links() {
		require.NotContains(t, link, "new=true")
		require.NotContains(t, link, "/a/")
	}
	p = open(s.SignIn(t, site.AcmeEditor), "/admin/t/acme/prompts")
	require.Contains(t, p.Link("New prompt"), "new=true")
	require.Contains(t, p.Link("Edit a"), "/prompts/a/edit")
	require.Contains(t, p.Link("Delete a"), "/prompts/a/delete")
}

func TestEmptyListsSayWhatToDo(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, "/admin/t/acme/prompts")
	require.Contains(t, p.Main(), "no prompts in this tenant yet")
	require.Contains(t, p.Link("Create the first one"), "new=true")
	put(t, s, "prompt", "a", `{"template":"x"}`)
	p = open(b, "/admin/t/acme/prompts?q=nothing")
	require.Contains(t, p.Main(), "None of the prompts matches")
	require.Equal(t, "/admin/t/acme/prompts", p.Link("Show all"))
}

func TestListFiltersAndPages(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	putPrompts(t, s, 120)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, "/admin/t/acme/prompts?q=p-&label=n%3D1")
	require.Contains(t, p.Main(), "p-099")
	require.NotContains(t, p.Main(), "p-000")
	p = open(b, p.Link("Next page"))
	require.Contains(t, p.Main(), "p-119")
	require.NotContains(t, p.Main(), "p-001")
	require.Equal(t, "p-", p.Form("/prompts").Get("q"))
	require.Contains(t, p.Link("Show all"), "/prompts")
	at := p.Path()
	p = open(b, p.Link("p-119"))
	require.True(t, p.HasLink(at), "the way back keeps filter and position")
	p = open(b, b.Get(at).Link("First page"))
	require.Contains(t, p.Main(), "p-001")
}

func TestSearchAddsALabel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "a", `{"template":"x"}`, "x", "1", "y", "2")
	put(t, s, "prompt", "b", `{"template":"x"}`, "x", "1")
	b := s.SignIn(t, site.AcmeViewer)
	p := b.Submit(open(b, "/admin/t/acme/prompts?label=x%3D1").Form("/prompts"), nil)
	require.Contains(t, p.Link("b"), "/prompts/b")
	p = open(b, "/admin/t/acme/prompts?q=&label=&label=x%3D1&label=y%3D2")
	require.NotContains(t, strings.Join(p.Links(), "\n"), "/prompts/b")
	p = b.Get("/admin/t/acme/prompts?label=nonsense")
	require.GreaterOrEqual(t, p.Status, 400)
	require.Contains(t, p.Main(), "key=value")
	require.True(t, p.Form("/prompts").Has("q"))
}

func TestListOfAnotherTenantIsNotFound(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	putIn(t, s, "globex", "prompt", "canary", `{"template":"x"}`)
	b := s.SignIn(t, site.AcmeAdmin)
	for _, path := range []string{"prompts", "prompts/canary", "prompts/canary/edit", "prompts/canary/delete",
		"prompts?new=true&from=canary", "pick/prompts"} {
		b.Get("/admin/t/globex/" + path).Want(http.StatusNotFound)
	}
	for _, path := range []string{"prompts/canary", "prompts/canary/edit", "prompts/canary/delete",
		"prompts?new=true&from=canary"} {
		b.Get("/admin/t/acme/" + path).Want(http.StatusNotFound)
	}
	require.NotContains(t, string(b.Get("/admin/t/acme/pick/prompts").Body), "canary")
}

func TestSingletonHasOnlyItsItem(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, "/admin/t/acme/defaults")
	require.Equal(t, "/admin/t/acme/defaults/default", p.Path())
	require.NotContains(t, strings.Join(p.Links(), "\n"), "/delete")
	require.NotContains(t, p.Main(), "Duplicate")
	p = open(b, p.Link("Edit"))
	p = b.Submit(p.Form("/edit"), map[string]string{"text.trust_effect": "allow"})
	require.Contains(t, p.Want(http.StatusOK).Main(), "Saved.")
	require.JSONEq(t, `{"trust_effect":"allow"}`, string(get(t, s, "defaults", "default").Spec))
}

func TestLongFilterIsKeptWithoutBeingInEachRow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	label := strings.Repeat("é", 60)
	put(t, s, "prompt", "greeting", `{"template":"hello"}`, label, "x")
	b := s.SignIn(t, site.AcmeEditor)
	list := "/admin/t/acme/prompts?label=" + url.QueryEscape(label+"=x")
	ask := open(b, list).Link("Delete greeting")
	require.NotContains(t, ask, "back=")
	p := open(b, ask)
	p = b.Submit(p.Form("/delete"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "Deleted.")
	require.Equal(t, label+"=x", p.URL.Query().Get("label"))
}
