package admintest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// wrongForms are forms with what is typed into their fields: nothing, where it isn't said. Wrong
// are the fields that the page must mark.
var wrongForms = []struct {
	person, page string // of the form; T is the tenant
	form         string // selects a field of it
	typed        map[string]string
	wrong        []string
}{
	{seed.Admin, "T/prompts?new=true", "[name=name]", nil, []string{"name"}},
	{seed.Admin, "T/prompts?new=true", "[name=name]",
		map[string]string{"name": "kept", "labels": "no equals sign", "other": "{"},
		[]string{"labels", "other"}},
	{seed.Admin, "T/agents?new=true", "[name=name]",
		map[string]string{"name": "kept", "name.extends": "not there"}, []string{"name.extends"}},
	{seed.Admin, "T/trust-rules?new=true", "[name=name]",
		map[string]string{"name": "kept", "number.priority": "many"}, []string{"number.priority"}},
	{seed.Admin, "T/model-configs?new=true", "[name=name]",
		map[string]string{"name": "kept", "other": "[]"}, []string{"other"}},
	{seed.Admin, "T/defaults/default/edit", "[name=labels]",
		map[string]string{"other": "nothing"}, []string{"other"}},
	{seed.Admin, "T/invitations?new=true", "[name=email]", nil, []string{"email"}},
	{seed.Admin, "T/invitations?new=true", "[name=email]",
		map[string]string{"email": "no address"}, []string{"email"}},
	{seed.Admin, "T/keys?new=true", "[name=name]", nil, []string{"name"}},
	{seed.Admin, "T/members?new=true", "[name=user]", map[string]string{"user": "no such person"},
		[]string{"user"}},
	{seed.Admin, "T/secrets/set?name=x", "[name=value]", nil, []string{"value"}},
	{seed.Admin, "T/settings", "[name=settings]", map[string]string{"settings": "{"},
		[]string{"settings"}},
	{seed.Admin, "T/settings", "[name=settings]", nil, []string{"name"}},
	{seed.Admin, "account", "[name=old]", nil, []string{"old", "new", "again"}},
	{seed.Admin, "account", "[name=old]", map[string]string{"old": "wrong", "new": "long enough to do",
		"again": "long enough to do"}, []string{"old"}},
	{seed.SuperAdmin, "tenants?new=true", "[name=slug]", nil, []string{"name", "slug"}},
	{seed.SuperAdmin, "tenants?new=true", "[name=slug]",
		map[string]string{"name": "Kept", "slug": "Not A Slug"}, []string{"slug"}},
	{seed.SuperAdmin, "users?new=true", "[name=email]", nil, []string{"email", "name"}},
	{seed.SuperAdmin, "users?new=true", "[name=email]",
		map[string]string{"email": "kept@a.example", "name": "Kept", "password": "short"},
		[]string{"password"}},
}

// TestWrongFormsSayWhichField sends forms with what the browser would refuse, too.
func TestWrongFormsSayWhichField(t *testing.T) {
	t.Parallel()
	w := multiTenant(t)
	pages := map[string]*browser.Page{}
	for _, person := range []string{seed.Admin, seed.SuperAdmin} {
		pages[person] = openAs(t, w, person, browser.Options{})
	}
	for _, c := range wrongForms {
		t.Run(c.page+" "+strings.Join(c.wrong, " "), func(t *testing.T) {
			p := pages[c.person].With(t)
			p.ForgetProblems()
			p.Goto(w.Server.URL + "/admin/" + strings.Replace(c.page, "T/", "t/"+w.A.Slug+"/", 1))
			require.Equal(t, http.StatusOK, p.Status())
			empty(p, c.form)
			for name, text := range c.typed {
				p.Fill(`form:has(`+c.form+`) [name="`+name+`"]`, text)
			}
			p.Submit(c.form)
			require.GreaterOrEqual(t, p.Status(), http.StatusBadRequest)
			requireErrors(t, p, c.wrong)
			requireKept(t, p, c.typed)
			p.RequireClean(t)
		})
	}
}

// empty empties the form and takes from it what makes the browser refuse it.
func empty(p *browser.Page, sel string) {
	browser.Eval[bool](p, `(form => {
		form.noValidate = true;
		for (const field of form.elements) {
			if (field.matches("input:not([type=hidden], [type=checkbox]), textarea")) field.value = "";
			if (field.type === "number") field.type = "text";
		}
		return true })(document.querySelector("form:has(`+strings.ReplaceAll(sel, `"`, `'`)+`)"))`)
}

// requireErrors requires that each of the fields has its error, and no other one.
func requireErrors(t *testing.T, p *browser.Page, want []string) {
	t.Helper()
	var got []string
	for _, e := range p.FieldErrors() {
		require.Empty(t, e.Fault, "%s", e.Field)
		require.NotEmpty(t, e.Text, "%s", e.Field)
		got = append(got, e.Field)
	}
	require.ElementsMatch(t, want, got, "%s", p.Text("main"))
}

// requireKept requires that what was typed is there, but for secrets.
func requireKept(t *testing.T, p *browser.Page, typed map[string]string) {
	t.Helper()
	for name, text := range typed {
		sel := `main [name="` + name + `"]`
		if p.Exists(sel + "[type=password]") {
			text = ""
		}
		require.Equal(t, text, p.Value(sel), "%s", name)
	}
}
