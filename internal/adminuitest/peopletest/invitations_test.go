package peopletest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

const invitationsPath = "/admin/t/acme/invitations"

// shownOnce returns the secret that a page shows.
func shownOnce(p *site.Page) string { return site.Attr(p.ByID("once"), "value") }

// inviteBob invites a person and returns the page with the link.
func inviteBob(b *site.Browser) *site.Page {
	p := b.Get(b.Get(invitationsPath).Want(http.StatusOK).Link("Invite a person"))
	return b.Submit(p.Form(invitationsPath),
		map[string]string{"email": "Bob@Example.com", "role": "editor", "days": "1"})
}

func TestInvitationsLinkIsShownOnceAndWorks(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := inviteBob(b).Want(http.StatusOK)
	link := shownOnce(p)
	rest, ok := strings.CutPrefix(link, s.Server.URL+"/invitations/accept#")
	require.True(t, ok, link)
	require.NotEmpty(t, rest)

	p = b.Get(p.Link("Back to the invitations")).Want(http.StatusOK)
	require.Contains(t, p.Main(), "bob@example.com editor")
	require.NotContains(t, string(p.Body), rest)
	require.NotContains(t, s.Log.String(), rest)

	bob := s.NewBrowser(t)
	p = bob.Get("/invitations/accept")
	p = bob.Submit(p.Form("/invitations/accept"),
		map[string]string{"token": link, "password": site.Password}).Want(http.StatusOK)
	require.Contains(t, p.Main(), "bob@example.com now has the role editor")
	require.NotContains(t, b.Get(invitationsPath).Main(), "bob@example.com")
}

func TestInvitingAgainReplacesTheLink(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	first := shownOnce(inviteBob(b))
	p := b.Get(invitationsPath)
	second := shownOnce(b.Submit(p.Form(invitationsPath), nil).Want(http.StatusOK))
	require.NotEqual(t, first, second)
	require.Equal(t, 1, strings.Count(b.Get(invitationsPath).Main(), "bob@example.com editor"))
	for link, status := range map[string]int{first: http.StatusNotFound, second: http.StatusOK} {
		bob := s.NewBrowser(t)
		p := bob.Get("/invitations/accept")
		bob.Submit(p.Form("/invitations/accept"),
			map[string]string{"token": link, "password": site.Password}).Want(status)
	}
}

func TestLinkOfInvitationHasTheSchemeThatTheBrowserSees(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	form := url.Values{"tenant": {"acme"}, "email": {"bob@example.com"}, "role": {"viewer"}}
	p := b.Send(site.Request{Method: http.MethodPost, Path: invitationsPath, Body: form.Encode(),
		Media:  "application/x-www-form-urlencoded", // through a proxy that ends TLS
		Header: map[string]string{"Origin": "https://registry.example.com"}}).Want(http.StatusOK)
	require.True(t, strings.HasPrefix(shownOnce(p), "https://registry.example.com/invitations/accept#"))
}

func TestRefusedInvitationKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	b := newSite(t).SignIn(t, site.AcmeAdmin)
	p := b.Post(invitationsPath, url.Values{"tenant": {"acme"}, "email": {hostile}, "role": {"admin"},
		"days": {"30"}}).Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("email"))
	require.NotContains(t, string(p.Body), "<script>alert")
	form := p.Form(invitationsPath)
	require.Equal(t, []string{hostile, "admin", "30"},
		[]string{form.Get("email"), form.Get("role"), form.Get("days")})
	for _, days := range []string{"0", "31", "x", "-1", "99999999999999999999"} {
		p = b.Post(invitationsPath, url.Values{"tenant": {"acme"}, "email": {"bob@example.com"},
			"role": {"admin"}, "days": {days}}).Want(http.StatusUnprocessableEntity)
		require.NotEmpty(t, p.FieldError("days"), days)
	}
}

func TestInvitationIsRevokedAfterConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	link := shownOnce(inviteBob(b))
	p := b.Get(b.Get(invitationsPath).Link("Revoke the invitation of bob@example.com"))
	require.Contains(t, p.Main(), "bob@example.com")
	p = b.Submit(p.Form("/revoke"), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "Revoked.")
	require.Contains(t, p.Main(), "no open invitations")
	bob := s.NewBrowser(t)
	bob.Submit(bob.Get("/invitations/accept").Form("/invitations/accept"),
		map[string]string{"token": link, "password": site.Password}).Want(http.StatusNotFound)
}

func TestExpiredInvitationIsMarkedInWords(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true, Pages: func(o *adminui.Options) {
		o.Clock = func() time.Time { return time.Now().Add(24*time.Hour + time.Minute) }
	}})
	b := s.SignIn(t, site.AcmeAdmin)
	inviteBob(b).Want(http.StatusOK)
	require.Contains(t, b.Get(invitationsPath).Main(), "expired")
}
