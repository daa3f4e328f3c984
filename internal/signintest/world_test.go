package signintest_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/adapters/oidc"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

const (
	clientID     = "registry"
	clientSecret = "client-secret"
	callbackPath = "/api/v1/sessions/oidc/callback"
	startPath    = "/api/v1/sessions/oidc/start"
)

// registry is a registry in memory whose users sign in through a provider.
type registry struct {
	ports.Services
	url string
}

// swapped is a handler that is set after its server has started.
type swapped struct{ atomic.Pointer[http.Handler] }

func (s *swapped) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*s.Load()).ServeHTTP(w, r) }

func (s *swapped) set(h http.Handler) { s.Store(&h) }

// listen starts a server and returns its URL. The caller sets the handler.
func listen(t *testing.T) (url string, handler *swapped) {
	t.Helper()
	handler = &swapped{}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL, handler
}

// newRegistry makes a registry and sets it as the handler at url.
func newRegistry(
	t *testing.T, url string, handler *swapped, issuer string, createUsers bool,
) *registry {
	t.Helper()
	provider, err := oidc.New(oidc.Options{Issuer: issuer, ClientID: clientID,
		ClientSecret: clientSecret, RedirectURL: url + callbackPath})
	require.NoError(t, err)
	r := &registry{Services: memory.New(nil, memory.Options{}).Services(), url: url}
	handler.set(httpapi.New(r.Services, httpapi.Options{
		SignIn: signin.Options{Provider: provider, CreateUsers: createUsers,
			Refusal: time.Nanosecond}, Logger: slog.New(slog.DiscardHandler),
	}))
	return r
}

func (r *registry) user(t *testing.T, email string) identity.User {
	t.Helper()
	u, err := r.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: email, Name: "User"}, "")
	require.NoError(t, err)
	return u
}

// browser is an HTTP client that keeps cookies and follows no redirects.
type browser struct {
	*http.Client
	t *testing.T
}

func newBrowser(t *testing.T) browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	return browser{&http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}, t}
}

// page is a response to a browser.
type page struct {
	status int
	to     string // the Location header
	body   string
}

func (b browser) get(url string) page { return b.page(b.Get(url)) }

// page reads a response.
func (b browser) page(res *http.Response, err error) page {
	b.t.Helper()
	require.NoError(b.t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(b.t, err)
	return page{res.StatusCode, res.Header.Get("Location"), string(body)}
}

// start begins a flow and returns the provider's URL.
func (b browser) start(r *registry, query string) string {
	b.t.Helper()
	p := b.get(r.url + startPath + query)
	require.Equal(b.t, http.StatusFound, p.status, p.body)
	return p.to
}

// me returns the id of the signed-in user, "" without a session.
func (b browser) me(r *registry) string {
	b.t.Helper()
	p := b.get(r.url + "/api/v1/me")
	if p.status != http.StatusOK {
		require.Equal(b.t, http.StatusUnauthorized, p.status)
		return ""
	}
	_, rest, _ := strings.Cut(p.body, `"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

// refused requires that the callback was refused with this status and code, and that
// the browser isn't signed in.
func (b browser) refused(r *registry, p page, status int, code string) {
	b.t.Helper()
	require.Equal(b.t, status, p.status, p.body)
	require.Contains(b.t, p.body, `"code":"`+code+`"`)
	require.Empty(b.t, b.me(r))
}
