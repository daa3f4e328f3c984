package frametest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

// public is the host that browsers ask for; a proxy asks for another one.
const public = "registry.example.com"

func TestPagesBehindProxyKnowTheHostAndTLSOfTheBrowser(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true, Pages: func(o *adminui.Options) {
		o.Outside = func(*http.Request) (string, bool) { return public, true }
	}})
	b := s.SignIn(t, site.Root)
	visit := func(origin string) *site.Page {
		return b.Send(site.Request{Method: "POST", Path: "/admin/t/acme/visit",
			Media: "application/x-www-form-urlencoded", Body: "tenant=acme&reason=support",
			Header: map[string]string{"Origin": origin, "Sec-Fetch-Site": ""}})
	}
	p := visit("https://" + public).Want(http.StatusSeeOther)
	for _, cookie := range p.Header["Set-Cookie"] {
		require.Contains(t, strings.Split(cookie, "; "), "Secure", cookie)
	}
	visit("https://backend.internal").Want(http.StatusForbidden)
	visit("null").Want(http.StatusForbidden)
}
