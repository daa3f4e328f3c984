package resourcestest_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

// newHost starts a site with the kinds of another host than the registry.
func newHost(t *testing.T) *site.Site {
	t.Helper()
	kinds, err := federation.NewKinds(
		federation.Kind{Name: "price_list", Fields: []federation.Field{
			{Name: "a b/c", Type: federation.String, Required: true},
			{Name: "price", Type: federation.Number, Format: federation.Float},
			{Name: "public", Type: federation.Boolean},
			{Name: "active", Type: federation.Boolean, Default: json.RawMessage(`true`)},
			{Name: "since", Type: federation.String, Format: federation.DateTime},
		}, MarkedSecrets: []federation.MarkedSecret{{Marker: "isSecret", Members: []string{"value"}}}},
		federation.Kind{Name: "sealed", Path: "sealed", Closed: true, NoLabels: true,
			Fields: []federation.Field{{Name: "note", Type: federation.String}}},
	)
	require.NoError(t, err)
	return site.New(t, site.Options{MultiTenant: true, Kinds: kinds})
}

func TestAnyHostsKindsHaveTheirPages(t *testing.T) {
	t.Parallel()
	s := newHost(t)
	b := s.SignIn(t, site.AcmeEditor)
	p := open(b, open(b, "/admin/t/acme/price-lists").Link("New price list"))
	p = b.Submit(p.Form("/price-lists"), map[string]string{"name": "x", "text.since": "tomorrow"})
	require.Contains(t, p.Want(http.StatusUnprocessableEntity).FieldError("text.a%20b%2Fc"), "required")
	require.Contains(t, p.FieldError("text.since"), "RFC 3339")
	p = b.Submit(p.Form("/price-lists"), map[string]string{"text.a b/c": " ", "text.since": "",
		"number.price": "NaN", "bool.public": "false", "bool.active": ""})
	p.Want(http.StatusOK)
	require.JSONEq(t, `{"a b/c":" ","price":"NaN","public":false,"active":false}`,
		string(get(t, s, "price_list", "x").Spec))

	p = b.Submit(open(b, "/admin/t/acme/price-lists/x/edit").Form("/edit"),
		map[string]string{"bool.active": "true", "bool.public": "", "number.price": "0.10"})
	p.Want(http.StatusOK)
	require.JSONEq(t, `{"a b/c":" ","price":0.1,"active":true}`, string(get(t, s, "price_list", "x").Spec))
}

func TestClosedKindHasNoOtherFieldsAndNoLabels(t *testing.T) {
	t.Parallel()
	s := newHost(t)
	b := s.SignIn(t, site.AcmeEditor)
	form := open(b, "/admin/t/acme/sealed?new=true").Form("/sealed")
	require.False(t, form.Has("other"))
	require.False(t, form.Has("labels"))
	b.Submit(form, map[string]string{"name": "x", "text.note": "n"}).Want(http.StatusOK)
	require.JSONEq(t, `{"note":"n"}`, string(get(t, s, "sealed", "x").Spec))
	require.False(t, open(b, "/admin/t/acme/sealed").Form("/sealed").Has("label"))
}

func TestSecretsInOtherFieldsStayHidden(t *testing.T) {
	t.Parallel()
	s := newHost(t)
	before := put(t, s, "price_list", "x", `{"a b/c":"t","in":[{"isSecret":true,"value":"hunter2"}]}`)
	b := s.SignIn(t, site.AcmeEditor)
	require.NotContains(t, string(open(b, "/admin/t/acme/price-lists/x").Body), "hunter2")
	p := open(b, "/admin/t/acme/price-lists/x/edit")
	require.Contains(t, p.Form("/edit").Get("other"), "$secret")
	require.NotContains(t, string(p.Body), "hunter2")
	form := p.Form("/edit")
	b.Submit(form, nil).Want(http.StatusOK)
	require.Equal(t, string(before.Spec), string(get(t, s, "price_list", "x").Spec))

	typed := map[string]string{"other": `{"in":[{"isSecret":true,"value":"typed-secret"}]}`,
		"number.price": "much"}
	p = b.Submit(open(b, "/admin/t/acme/price-lists/x/edit").Form("/edit"), typed)
	require.NotContains(t, string(p.Want(http.StatusUnprocessableEntity).Body), "typed-secret")
	require.Contains(t, p.FieldError("other"), "type it again")

	delete(typed, "number.price")
	stale := p.Form("/edit")
	put(t, s, "price_list", "x", `{"a b/c":"theirs"}`)
	p = b.Submit(stale, map[string]string{"other": typed["other"], "number.price": "1"})
	require.NotContains(t, string(p.Want(http.StatusPreconditionFailed).Body), "typed-secret")

	s.EndSessions(t, site.AcmeEditor)
	p = b.Submit(p.Form("/edit"), map[string]string{"other": typed["other"]})
	require.NotContains(t, string(p.Want(http.StatusUnauthorized).Body), "typed-secret")
	require.Contains(t, p.Text(), "isn't kept")
}
