package admintest

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/admintest/seed"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/browser"
)

// openAs opens a page for a person who is signed in.
func openAs(t *testing.T, w *seed.World, person string, o browser.Options) *browser.Page {
	t.Helper()
	p := browser.Open(t, o)
	p.SetCookie(session(t, w, person))
	return p
}

// session signs a person in through the API.
func session(t *testing.T, w *seed.World, person string) browser.Cookie {
	t.Helper()
	got := harness.Caller{Server: w.Server}.Send(t, http.MethodPost, "/api/v1/sessions",
		map[string]string{"email": w.People[person].Email, "password": seed.Password}).
		HasStatus(t, http.StatusCreated)
	cookie, err := http.ParseSetCookie(got.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	return browser.Cookie{URL: w.Server.URL, Name: cookie.Name, Value: cookie.Value, HTTPOnly: true}
}
