package accounttest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const accountPath = "/admin/account"

func TestAccountShowsPersonAndTenants(t *testing.T) {
	t.Parallel()
	b := site.New(t, site.Options{MultiTenant: true}).SignIn(t, site.Both)
	p := b.Get(accountPath).Want(http.StatusOK)
	for _, text := range []string{"Name of both@example.com", "Acme Works acme editor",
		"Globex Corporation globex viewer"} {
		require.Contains(t, p.Main(), text)
	}
	require.True(t, p.HasLink("/admin/switch"))
	require.NotContains(t, p.Main(), "Super-admin")
}

func TestPersonChangesTheirPassword(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	b, other := s.SignIn(t, site.Alone), s.SignIn(t, site.Alone)
	const changed = "another battery staple"
	change := func(old, new, again string) *site.Page {
		form := b.Get(accountPath).Want(http.StatusOK).Form("/account/password")
		return b.Submit(form, map[string]string{"old": old, "new": new, "again": again})
	}
	for field, typed := range map[string][3]string{
		"old":   {"wrong password", changed, changed},
		"new":   {site.Password, "short", "short"},
		"again": {site.Password, changed, changed + "x"},
	} {
		p := change(typed[0], typed[1], typed[2])
		require.GreaterOrEqual(t, p.Status, 400)
		require.NotEmpty(t, p.FieldError(field), field)
		for _, secret := range typed {
			require.NotContains(t, string(p.Body), `"`+secret+`"`)
		}
	}
	p := change(site.Password, changed, changed).Want(http.StatusOK)
	require.Contains(t, p.Main(), "The password is changed.")
	require.Equal(t, accountPath, strings.TrimSuffix(p.Path(), "?done=password"))
	require.Contains(t, other.Get(accountPath).Path(), "/sign-in", "other sessions have ended")
}

func TestPersonEndsSessions(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	b, second, third := s.SignIn(t, site.Alone), s.SignIn(t, site.Alone), s.SignIn(t, site.Alone)
	stranger := s.SignIn(t, site.Both)

	p := second.Get(accountPath).Want(http.StatusOK)
	require.Equal(t, 1, strings.Count(p.Main(), "this session"))
	var own site.Form
	for _, f := range p.Forms() {
		if f.Submit == "Sign out here" {
			own = f
		}
	}
	stranger.Post(own.Action.Path, url.Values{})
	second.Get(accountPath).Want(http.StatusOK)
	require.Equal(t, accountPath, second.Page.Path(), "a stranger ends no session of another")

	p = b.Get(accountPath)
	p = b.Submit(p.Form("/end-others"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "All other sessions have ended.")
	require.NotContains(t, p.Main(), "End all other sessions")
	for _, ended := range []*site.Browser{second, third} {
		require.Contains(t, ended.Get(accountPath).Path(), "/sign-in")
	}
	p = b.Submit(p.Form("/end"), nil)
	require.Contains(t, p.Path(), "/sign-in", "who ends this session is signed out")
	require.Contains(t, b.Get(accountPath).Path(), "/sign-in")
}

func TestHostilePersonIsShownAsText(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	name := hostile
	_, err := s.Services.Users.Update(t.Context(), s.Users[site.Alone].ID, ports.UserChange{Name: &name})
	require.NoError(t, err)
	b := s.SignIn(t, site.Alone)
	form := url.Values{"email": {site.Alone}, "password": {site.Password}}
	b.Send(site.Request{Method: http.MethodPost, Path: "/admin/sign-in", Body: form.Encode(),
		Media:  "application/x-www-form-urlencoded",
		Header: map[string]string{"User-Agent": hostile}})
	p := b.Get(accountPath).Want(http.StatusOK)
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Equal(t, 3, strings.Count(p.Text(), hostile), "the bar, the name and the browser")
}

func TestCallerWhoIsNoUserSeesWhatApplies(t *testing.T) {
	t.Parallel()
	person := tenancy.Principal{Kind: "employee", ID: "17", Name: "Ada of the host"}
	for name, options := range map[string]func(*httpapi.Options){
		"of the host": func(o *httpapi.Options) {
			o.Authenticate = func(*http.Request) (tenancy.Principal, error) { return person, nil }
		},
		"without sessions": func(o *httpapi.Options) {
			o.Without = []httpapi.Group{httpapi.SessionRoutes}
			o.Authenticate = func(*http.Request) (tenancy.Principal, error) { return person, nil }
		},
	} {
		s := site.New(t, site.Options{MultiTenant: true, API: options})
		p := s.NewBrowser(t).Get(accountPath).Want(http.StatusOK)
		require.Contains(t, p.Main(), "Ada of the host", name)
		require.NotContains(t, p.Main(), "password")
		require.NotContains(t, p.Main(), "Your sessions")
	}
}

func TestAPIKeySeesItsAccount(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	secret := tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	_, err = s.Services.Keys.Create(t.Context(), s.Tenants["acme"].ID, tenancy.APIKey{
		ID: tenancy.NewID().String(), Tenant: s.Tenants["acme"].ID, Name: "nightly",
		Role: tenancy.Viewer, Hash: hash})
	require.NoError(t, err)
	p := s.NewBrowser(t).Send(site.Request{Path: accountPath,
		Header: map[string]string{"Authorization": "Bearer " + secret}}).Want(http.StatusOK)
	require.Contains(t, p.Main(), "nightly")
	require.NotContains(t, p.Main(), "password")
}
