package resourcestest_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

func TestEditorCreatesAResource(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "greeting", `{"template":"x"}`)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, open(b, "/admin/t/acme/agents?q=find").Link("New agent"))
	p = b.Submit(p.Form("/agents"), map[string]string{"name": " new ", "text.description": "a\nb",
		"json.tools": `[1, {"a": null}]`, "names.prompts": "greeting\n", "other": `{"rest": 0.1}`,
		"labels": "team = search \n\nempty="})
	require.Contains(t, p.Want(http.StatusOK).Main(), "Created. Show new")
	require.Contains(t, p.Path(), "q=find", "it leads back to where it began")
	stored := get(t, s, "agent", "new")
	require.JSONEq(t, `{"description":"a\nb","tools":[1,{"a":null}],"prompts":["greeting"],"rest":0.1}`,
		string(stored.Spec))
	require.Equal(t, map[string]string{"team": "search", "empty": ""}, stored.Labels)
	require.Contains(t, open(b, p.Link("Show new")).Main(), "Agent: new")
}

func TestTakenNameIsSaidNextToTheName(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "a", `{"template":"mine"}`)
	b := s.SignIn(t, site.AcmeEditor)
	p := b.Submit(open(b, "/admin/t/acme/prompts?new=true").Form("/prompts"),
		map[string]string{"name": "a", "text.template": hostile})
	require.Contains(t, p.Want(http.StatusPreconditionFailed).FieldError("name"), "already")
	require.Equal(t, "a", p.Form("/prompts").Get("name"))
	require.Equal(t, hostile, p.Form("/prompts").Get("text.template"))
	require.JSONEq(t, `{"template":"mine"}`, string(get(t, s, "prompt", "a").Spec))
}

func TestWrongInputIsSaidNextToItsField(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "there", `{"template":"x"}`)
	b := s.SignIn(t, site.AcmeEditor)
	p := b.Submit(open(b, "/admin/t/acme/agents?new=true").Form("/agents"), map[string]string{
		"name": "a\u200b", "json.tools": "[1,\n2", "other": `[1]`, "labels": "a=1\nnone"})
	p.Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.FieldError("name"), "invisible")
	require.Contains(t, p.FieldError("json.tools"), "line 2")
	require.Contains(t, p.FieldError("other"), "object")
	require.Contains(t, p.FieldError("labels"), "Line 2")
	require.Equal(t, "[1,\r\n2", p.Form("/agents").Get("json.tools"))

	p = b.Submit(p.Form("/agents"), map[string]string{"name": "a", "json.tools": `{}`, "other": "",
		"labels": "a=1", "names.prompts": "there\nmissing"})
	p.Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.FieldError("json.tools"), "array")

	p = b.Submit(p.Form("/agents"), map[string]string{"json.tools": ""})
	p.Want(http.StatusUnprocessableEntity)
	require.Contains(t, p.FieldError("names.prompts"), "Line 2")
	require.Equal(t, "there\r\nmissing", p.Form("/agents").Get("names.prompts"))
	require.False(t, exists(t, s, "agent", "a"))
}

func TestLabelErrorIsSaidNextToTheLabels(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeEditor)
	p := b.Submit(open(b, "/admin/t/acme/mcp-servers?new=true").Form("/mcp-servers"),
		map[string]string{"name": "a", "labels": "k\u200b=1"})
	require.Contains(t, p.Want(http.StatusUnprocessableEntity).FieldError("labels"), "invisible")
}

func TestViewerMayNotWrite(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "a", `{"template":"x"}`)
	b := s.SignIn(t, site.AcmeViewer)
	open(b, "/admin/t/acme/prompts")
	etag := open(b, "/admin/t/acme/prompts/a/edit").Form("/edit").Get("etag")
	for path, fields := range map[string]url.Values{
		"prompts":          {"name": {"b"}, "text.template": {"x"}},
		"prompts/a/edit":   {"etag": {etag}, "text.template": {"y"}},
		"prompts/a/delete": {"etag": {etag}},
	} {
		fields.Set("tenant", "acme")
		b.Post("/admin/t/acme/"+path, fields).Want(http.StatusForbidden)
	}
	require.JSONEq(t, `{"template":"x"}`, string(get(t, s, "prompt", "a").Spec))
	require.False(t, exists(t, s, "prompt", "b"))
}

func TestFormOfAnotherTenantIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	putIn(t, s, "globex", "prompt", "a", `{"template":"x"}`)
	put(t, s, "prompt", "a", `{"template":"x"}`)
	b := s.SignIn(t, site.Both)
	form := open(b, "/admin/t/acme/prompts/a/edit").Form("/edit").Values()
	form.Set("text.template", "changed")
	b.Post("/admin/t/globex/prompts/a/edit", form).Want(http.StatusConflict)
	form.Set("tenant", "globex")
	b.Post("/admin/t/acme/prompts/a/edit", form).Want(http.StatusConflict)
	require.JSONEq(t, `{"template":"x"}`, string(get(t, s, "prompt", "a").Spec))
}

func TestUnchangedFormChangesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "prompt", "p", `{"template":"x"}`)
	put(t, s, "model_config", "m", `{"provider":"x"}`)
	put(t, s, "agent", "subject", `{}`)
	b := s.SignIn(t, site.AcmeEditor)
	for kind, spec := range map[string]string{
		"agent": `{"description":"","endpoint":" a\r\nb ","tools":[9007199254740992,{"é":null}],
			"prompts":["p"],"model_config":"m","x":{"y":[` + strings.Repeat(`[`, 60) + strings.Repeat(`]`, 60) +
			`]},"":"","name":"x","labels":{"a":1}}`,
		"trust_rule":   `{"effect":"deny","priority":7,"subject":{"kind":"agent","name":"subject"},"n":1e-7}`,
		"model_config": `{"api_key":"hunter2","parameters":{"t":0.30000000000000004}}`,
	} {
		before := put(t, s, kind, "it", spec, "k", "v", "with=equals", hostile, "e", "")
		list := "/admin/t/acme/" + strings.ReplaceAll(kind, "_", "-") + "s"
		p := b.Submit(open(b, list+"/it/edit").Form("/edit"), nil)
		require.Contains(t, p.Want(http.StatusOK).Main(), "Saved.")
		after := get(t, s, kind, "it")
		require.Equal(t, string(before.Spec), string(after.Spec))
		require.Equal(t, before.Labels, after.Labels)
	}
}

func TestSecretIsNeverInAPage(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "model_config", "m", `{"provider":"x","api_key":"hunter2"}`)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, "/admin/t/acme/model-configs/m")
	require.Contains(t, p.Main(), "never shown")
	require.NotContains(t, string(p.Body), "hunter2")
	p = open(b, p.Link("Edit"))
	require.Empty(t, p.Form("/edit").Get("secret.api_key"))
	require.NotContains(t, string(p.Body), "hunter2")

	p = b.Submit(p.Form("/edit"), map[string]string{"secret.api_key": "typed-secret", "other": "{"})
	require.NotContains(t, string(p.Want(http.StatusUnprocessableEntity).Body), "typed-secret")
	p = b.Submit(p.Form("/edit"), map[string]string{"secret.api_key": "typed-secret", "other": ""})
	require.Contains(t, p.Want(http.StatusOK).Main(), "Saved.")
	value, err := s.Services.Vault.Get(t.Context(), s.Tenants["acme"].ID, "model_config/m/api_key")
	require.NoError(t, err)
	require.Equal(t, "typed-secret", string(value))

	p = b.Submit(open(b, "/admin/t/acme/model-configs/m/edit").Form("/edit"),
		map[string]string{"unset.api_key": "true"})
	p.Want(http.StatusOK)
	require.JSONEq(t, `{"provider":"x"}`, string(get(t, s, "model_config", "m").Spec))
}

func TestTypedSecretIsNotKeptWhileOneSignsInAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "model_config", "m", `{"provider":"x"}`)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/model-configs/m/edit").Form("/edit")
	s.EndSessions(t, site.AcmeEditor)
	p := b.Submit(form, map[string]string{"secret.api_key": "typed-secret"})
	require.NotContains(t, string(p.Want(http.StatusUnauthorized).Body), "typed-secret")
	p = b.Submit(form, map[string]string{"text.provider": "kept-provider"})
	require.Contains(t, string(p.Want(http.StatusUnauthorized).Body), "kept-provider")
}

func TestCopyHasEverythingButNameAndSecrets(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	put(t, s, "model_config", "m", `{"provider":"x","api_key":"hunter2"}`, "k", "v")
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, open(b, "/admin/t/acme/model-configs/m").Link("Duplicate"))
	require.Empty(t, p.Form("/model-configs").Get("name"))
	p = b.Submit(p.Form("/model-configs"), map[string]string{"name": "copy"})
	p.Want(http.StatusOK)
	made := get(t, s, "model_config", "copy")
	require.JSONEq(t, `{"provider":"x"}`, string(made.Spec))
	require.Equal(t, map[string]string{"k": "v"}, made.Labels)
}

func TestEveryFieldOfAFormHasItsLabel(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, "/admin/t/acme/trust-rules?new=true")
	for _, f := range p.Form("/trust-rules").Fields {
		if f.Type != "hidden" {
			p.ByID("f-" + f.Name)
		}
	}
	require.Equal(t, "100", p.Form("/trust-rules").Get("number.priority"), "a default is filled in")
	require.True(t, json.Valid([]byte(p.Form("/trust-rules").Get("number.priority"))))
}
