package admintest

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
)

// tab is a window of a browser. All windows of a browser have the same cookies.
type tab struct {
	t      *testing.T
	w      *seed.World
	cookie *http.Cookie
}

func newTab(t *testing.T, w *seed.World, person string) tab {
	t.Helper()
	c := session(t, w, person)
	return tab{t, w, &http.Cookie{Name: c.Name, Value: c.Value}}
}

// send sends a request and returns the status, the target of a redirect, and the body.
func (x tab) send(method, path string, form url.Values) (status int, location, body string) {
	x.t.Helper()
	req, err := http.NewRequestWithContext(x.t.Context(), method, x.w.Server.URL+path,
		strings.NewReader(form.Encode()))
	require.NoError(x.t, err)
	req.AddCookie(x.cookie)
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(x.t, err)
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	require.NoError(x.t, err)
	return res.StatusCode, res.Header.Get("Location"), string(raw)
}

// TestTabsStayInTheirTenants uses two tabs of one person in turn, each in another tenant.
func TestTabsStayInTheirTenants(t *testing.T) {
	t.Parallel()
	w := multiTenant(t)
	x := newTab(t, w, seed.Both)
	tenants := []*seed.Tenant{w.A, w.B}
	for round := range 3 {
		for i, tenant := range tenants {
			root := "/admin/t/" + tenant.Slug
			status, _, body := x.send(http.MethodGet, root+"/prompts", nil)
			require.Equal(t, http.StatusOK, status)
			require.Equal(t, tenant == w.B, strings.Contains(mainOf(body), "CANARY"))

			name := []string{"x", "y", "z"}[round]
			status, location, body := x.send(http.MethodPost, root+"/prompts", url.Values{
				"tenant": {tenant.Slug}, "name": {name}, "text.template": {tenant.Slug},
				"text.description": {""}, "labels": {""}, "other": {""}})
			require.Equal(t, http.StatusSeeOther, status, body)
			require.True(t, strings.HasPrefix(location, root+"/"), location)
			require.Equal(t, tenant.Slug, tenant.Caller.Spec(t, "prompt", name)["template"])

			other := tenants[1-i]
			for _, slug := range []string{tenant.Slug, ""} {
				status, _, _ = x.send(http.MethodPost, "/admin/t/"+other.Slug+"/prompts",
					url.Values{"tenant": {slug}, "name": {"from the other tab"}})
				require.Equal(t, http.StatusConflict, status)
			}
			other.Caller.Get(t, "/api/v1/prompts/from%20the%20other%20tab").
				HasStatus(t, http.StatusNotFound)
		}
	}
}

// mainOf returns a page without its top bar, which has the menu of all tenants.
func mainOf(body string) string {
	_, after, _ := strings.Cut(body, "</header>")
	return after
}
