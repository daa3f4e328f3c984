package httpapitest_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// fakeProvider is a provider at which no sign-in succeeds.
type fakeProvider struct{}

func (fakeProvider) Start(context.Context, signin.Flow) (string, error) {
	return "https://provider.test/auth", nil
}

func (fakeProvider) Finish(context.Context, signin.Flow, signin.Callback) (signin.Claims, error) {
	return signin.Claims{}, errors.New("no sign-in succeeds")
}

// leavesTheHost reads a redirect as browsers do (WHATWG URL, section 4.4): it removes
// control characters and spaces at both ends and all tabs and line ends, and reads a
// backslash as a slash.
func leavesTheHost(to string) bool {
	to = strings.Trim(to, " \x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f"+
		"\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f")
	to = strings.NewReplacer("\t", "", "\n", "", "\r", "", "\\", "/").Replace(to)
	return !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//")
}

// FuzzReturnTo checks that a browser stays on this host with every accepted return_to,
// even if a proxy has decoded its escapes.
func FuzzReturnTo(f *testing.F) {
	for _, to := range []string{"/", "/a?b=c", "//evil.test", "/\\evil.test", "/%2f%2fevil.test",
		"/\t/evil.test", "/%5cevil.test", "https://evil.test", "/..//evil.test"} {
		f.Add(to)
	}
	reg := apitest.NewUnserved(f, withCheapHashing,
		func(o *httpapi.Options) { o.SignIn.Provider = fakeProvider{} })
	f.Fuzz(func(t *testing.T, to string) {
		r := httptest.NewRequest("GET", "/api/v1/sessions/oidc/start?return_to="+
			url.QueryEscape(to), nil)
		rec := httptest.NewRecorder()
		reg.Handler.ServeHTTP(rec, r)
		if rec.Code != 302 {
			return
		}
		path, _, _ := strings.Cut(to, "?")
		once, err := url.PathUnescape(path)
		if to != "" && (leavesTheHost(to) || err != nil || leavesTheHost(once) ||
			strings.ContainsAny(to, "\r\n")) {
			t.Errorf("%q is taken for a path of this host", to)
		}
	})
}
