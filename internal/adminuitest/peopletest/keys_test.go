package peopletest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const keysPath = "/admin/t/acme/keys"

// createKey creates a key by the form and returns the page with the secret.
func createKey(b *site.Browser, changed map[string]string) *site.Page {
	p := b.Get(b.Get(keysPath).Want(http.StatusOK).Link("Create a key"))
	fields := map[string]string{"name": "nightly", "role": "editor", "expires": "never"}
	for name, value := range changed {
		fields[name] = value
	}
	return b.Submit(p.Form(keysPath), fields)
}

// statusOf returns the status of a call of the API with a key.
func statusOf(t *testing.T, s *site.Site, secret string) int {
	t.Helper()
	return s.NewBrowser(t).Send(site.Request{Path: "/api/v1/me",
		Header: map[string]string{"Authorization": "Bearer " + secret}}).Status
}

// storedKeys returns the keys of acme.
func storedKeys(t *testing.T, s *site.Site) []tenancy.APIKey {
	t.Helper()
	all, err := s.Services.Keys.List(t.Context(), s.Tenants["acme"].ID, "", 100)
	require.NoError(t, err)
	return all
}

func TestSecretOfKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := createKey(b, nil).Want(http.StatusOK)
	require.Equal(t, keysPath, p.Path(), "no redirect leads to a page with the secret")
	secret := shownOnce(p)
	require.True(t, strings.HasPrefix(secret, tenancy.KeyPrefix))
	require.Equal(t, http.StatusOK, statusOf(t, s, secret))
	require.Contains(t, p.Main(), `curl -H "Authorization: Bearer $SECRET" `+s.Server.URL+"/api/v1/me")
	require.Equal(t, "no-store", p.Header.Get("Cache-Control"))

	p = b.Get(p.Link("Back to the keys")).Want(http.StatusOK)
	require.Contains(t, p.Main(), "nightly editor "+secret[:12]+"… active never")
	require.Contains(t, p.Main(), "by Name of "+site.AcmeAdmin)
	require.NotContains(t, string(p.Body), secret)
	require.NotContains(t, s.Log.String(), secret)
}

func TestKeyExpiresWhenItsMakerChose(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	soon := time.Now().UTC().Add(48 * time.Hour).Truncate(time.Minute)
	for expires, want := range map[string]time.Time{"30": time.Now().AddDate(0, 0, 30),
		"365": time.Now().Add(365 * 24 * time.Hour), "date": soon, "never": {}} {
		createKey(b, map[string]string{"name": expires, "role": "replicator", "expires": expires,
			"until": soon.Format("2006-01-02T15:04")}).Want(http.StatusOK)
		for _, k := range storedKeys(t, s) {
			if k.Name == expires {
				require.WithinDuration(t, want, k.ExpiresAt, 2*time.Hour, expires)
				require.Equal(t, tenancy.Replicator, k.Role)
			}
		}
	}
	require.Len(t, storedKeys(t, s), 4)
}

func TestRefusedKeyKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	for field, changed := range map[string]map[string]string{
		"name":  {"name": " "},
		"until": {"expires": "date", "until": "2020-01-01T00:00", "name": hostile},
	} {
		p := createKey(b, changed).Want(http.StatusUnprocessableEntity)
		require.NotEmpty(t, p.FieldError(field))
		require.Equal(t, changed["name"], p.Form(keysPath).Get("name"))
		require.Equal(t, changed["until"], p.Form(keysPath).Get("until"))
		require.NotContains(t, string(p.Body), "<script>alert")
	}
	for field, value := range map[string]string{"until": "soon", "expires": "x", "role": "root"} {
		form := url.Values{"tenant": {"acme"}, "name": {"n"}, "role": {"viewer"}, "expires": {"date"}}
		form.Set(field, value)
		p := b.Post(keysPath, form).Want(http.StatusUnprocessableEntity)
		if field == "role" {
			field = "until" // the time is missing too, which is checked first
		}
		require.NotEmpty(t, p.FieldError(field), "%s: %s", field, p.Main())
	}
	require.Empty(t, storedKeys(t, s))
}

func TestRotatedKeyWorksForItsOverlap(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	old := shownOnce(createKey(b, map[string]string{"name": hostile}))
	p := b.Get(b.Get(keysPath).Link("Rotate " + hostile)).Want(http.StatusOK)
	require.NotContains(t, string(p.Body), "<script>alert")
	p = b.Submit(p.Form("/rotate"), map[string]string{"overlap": "1h"}).Want(http.StatusOK)
	next := shownOnce(p)
	require.Equal(t, http.StatusOK, statusOf(t, s, old))
	require.Equal(t, http.StatusOK, statusOf(t, s, next))

	p = b.Get(keysPath)
	require.Contains(t, p.Main(), "replaced, but works until it expires its successor")
	successor := strings.TrimPrefix(p.Link("its successor"), keysPath+"#")
	require.NotEmpty(t, successor)
	keys := storedKeys(t, s)
	require.Len(t, keys, 2)
	b.Post(keysPath+"/"+keys[0].ID+"/rotate", url.Values{"tenant": {"acme"}, "overlap": {"0s"}}).
		Want(http.StatusConflict)
	p = b.Post(keysPath+"/"+keys[1].ID+"/rotate", url.Values{"tenant": {"acme"}, "overlap": {"1y"}}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("overlap"))
}

func TestKeyIsRevokedAfterConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	secret := shownOnce(createKey(b, nil))
	p := b.Get(b.Get(keysPath).Link("Revoke nightly"))
	require.Contains(t, p.Main(), "Revoke the key nightly")
	require.Equal(t, http.StatusOK, statusOf(t, s, secret), "a link changes nothing")
	p = b.Submit(p.Form("/revoke"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "Revoked.")
	require.Equal(t, http.StatusUnauthorized, statusOf(t, s, secret))
}

func TestKeyOfAnotherTenantIsUnknown(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	secret := shownOnce(createKey(s.SignIn(t, site.AcmeAdmin), nil))
	id := storedKeys(t, s)[0].ID
	b := s.SignIn(t, site.GlobexAdmin)
	for _, action := range []string{"/rotate", "/revoke"} {
		path := "/admin/t/globex/keys/" + id + action
		b.Get(path).Want(http.StatusNotFound)
		form := url.Values{"tenant": {"globex"}}
		if action == "/rotate" {
			form.Set("overlap", "0s")
		}
		b.Post(path, form).Want(http.StatusNotFound)
		form.Set("tenant", "acme")
		b.Post(path, form).Want(http.StatusConflict)
	}
	require.Equal(t, http.StatusOK, statusOf(t, s, secret))
}

func TestPagesOfGroupsThatAreOffAreUnknown(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true, API: func(o *httpapi.Options) {
		o.Without = []httpapi.Group{httpapi.KeyRoutes, httpapi.MemberRoutes, httpapi.InvitationRoutes}
	}})
	b := s.SignIn(t, site.AcmeAdmin)
	for _, path := range []string{keysPath, membersPath, invitationsPath} {
		p := b.Get(path).Want(http.StatusNotFound)
		require.NotContains(t, p.Links(), path)
	}
}

func TestKeysMembersAndInvitationsWorkWithTenancyOff(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	b := s.SignIn(t, site.AcmeAdmin)
	for _, segment := range []string{"members", "invitations", "keys"} {
		b.Get("/admin/t/default/" + segment).Want(http.StatusOK)
	}
	p := b.Get("/admin/t/default/keys?new=true")
	p = b.Submit(p.Form("/keys"), map[string]string{"name": "n", "role": "viewer"}).Want(http.StatusOK)
	require.Equal(t, http.StatusOK, statusOf(t, s, shownOnce(p)))
}
