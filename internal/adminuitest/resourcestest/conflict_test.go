package resourcestest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/ports"
)

func TestChangedMeanwhileShowsBothVersions(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "a", `{"template":"first"}`)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/prompts/a/edit?back=/admin/t/acme/prompts?q=a").Form("/edit")
	put(t, s, "prompt", "a", `{"template":"theirs","extra":1}`, "l", "v")

	p := b.Submit(form, map[string]string{"text.template": "mine"})
	p.Want(http.StatusPreconditionFailed)
	require.Contains(t, p.Main(), "theirs")
	require.Equal(t, "mine", p.Form("/edit").Get("text.template"))
	require.JSONEq(t, `{"template":"theirs","extra":1}`, string(get(t, s, "prompt", "a").Spec))

	discard := open(b, p.Link("Discard mine, and edit what is stored"))
	require.Equal(t, "theirs", discard.Form("/edit").Get("text.template"))

	p = b.Submit(p.Form("/edit"), nil)
	require.Contains(t, p.Want(http.StatusOK).Path(), "/admin/t/acme/prompts?")
	require.JSONEq(t, `{"template":"mine"}`, string(get(t, s, "prompt", "a").Spec))
}

func TestDeletedMeanwhileCanBeCreatedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "a", `{"template":"first"}`)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/prompts/a/edit").Form("/edit")
	require.NoError(t, s.Services.Resources.Delete(t.Context(), s.Tenants["acme"].ID,
		federation.Ref{Kind: "prompt", Name: "a"}, ports.Condition{}))
	p := b.Submit(form, map[string]string{"text.template": "mine"})
	require.Contains(t, p.Want(http.StatusPreconditionFailed).Main(), "deleted")
	require.False(t, exists(t, s, "prompt", "a"))
	p = b.Submit(p.Form("/edit"), nil)
	p.Want(http.StatusOK)
	require.JSONEq(t, `{"template":"mine"}`, string(get(t, s, "prompt", "a").Spec))
}

func TestConflictShowsNoSecret(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "model_config", "m", `{"api_key":"hunter2"}`)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/model-configs/m/edit").Form("/edit")
	put(t, s, "model_config", "m", `{"api_key":"hunter3","provider":"x"}`)
	p := b.Submit(form, map[string]string{"secret.api_key": "typed-secret"})
	p.Want(http.StatusPreconditionFailed)
	require.NotContains(t, string(p.Body), "typed-secret")
	require.NotContains(t, string(p.Body), "hunter")
	require.Contains(t, p.Main(), "type it again")
}

func TestDeletingLeadsBackToTheList(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	putPrompts(t, s, 120)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, open(b, "/admin/t/acme/prompts?q=p-").Link("Next page"))
	at := p.Path()
	p = open(b, p.Link("Delete p-060"))
	p = b.Submit(p.Form("/delete"), nil)
	require.Contains(t, p.Want(http.StatusOK).Main(), "Deleted.")
	require.Contains(t, p.Main(), "p-061")
	require.False(t, exists(t, s, "prompt", "p-060"))
	got, err := url.Parse(at)
	require.NoError(t, err)
	require.Equal(t, got.Query().Get("cursor"), p.URL.Query().Get("cursor"))
	require.Equal(t, "p-", p.URL.Query().Get("q"))
}

func TestReferencedResourceIsNotDeleted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "p", `{"template":"x"}`)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/prompts/p/delete").Form("/delete")
	put(t, s, "agent", "uses/it", `{"prompts":["p"]}`)
	p := b.Submit(form, nil)
	require.Contains(t, p.Want(http.StatusConflict).Main(), "uses/it")
	require.True(t, p.HasLink("/admin/t/acme/agents/uses%2Fit"))
	require.True(t, exists(t, s, "prompt", "p"))
}

func TestDeletingNeedsTheVersionThatWasShown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "p", `{"template":"x"}`)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/prompts/p/delete").Form("/delete")
	put(t, s, "prompt", "p", `{"template":"y"}`)
	p := b.Submit(form, nil)
	require.Contains(t, p.Want(http.StatusPreconditionFailed).Main(), "changed")
	require.True(t, exists(t, s, "prompt", "p"))
	b.Post("/admin/t/acme/prompts/p/delete", url.Values{"tenant": {"acme"}}).
		Want(http.StatusUnprocessableEntity)
	require.True(t, exists(t, s, "prompt", "p"))
	b.Submit(p.Form("/delete"), nil).Want(http.StatusOK)
	require.False(t, exists(t, s, "prompt", "p"))
}
