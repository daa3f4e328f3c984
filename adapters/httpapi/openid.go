package httpapi

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// flowLifetime is how long somebody may take to sign in at the provider.
const flowLifetime = 10 * time.Minute

var errSignInFlow = tenancy.Errorf(tenancy.CodeUnauthenticated,
	"the sign-in through the provider didn't succeed: begin again")

func (a *api) startOpenID(w http.ResponseWriter, c *call) error {
	back := c.query.text("return_to")
	if back == "" {
		back = "/"
	}
	if !isLocalPath(back) {
		return invalidParameter("return_to",
			"it is a path of this host, which begins with one slash")
	}
	to, secret, err := a.signin.Start(c.Context())
	if err != nil {
		return err
	}
	a.setCookie(w, c.Request, flowCookie,
		secret+"."+base64.RawURLEncoding.EncodeToString([]byte(back)), flowLifetime)
	return redirect(w, to)
}

// finishOpenID takes the flow's cookie away whatever comes of it: a callback is
// answered once.
func (a *api) finishOpenID(w http.ResponseWriter, c *call) error {
	kept, ok := a.readCookie(c.Request, flowCookie)
	if !ok {
		return errSignInFlow
	}
	a.deleteCookie(w, c.Request, flowCookie)
	secret, encoded, _ := strings.Cut(kept, ".")
	back, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !isLocalPath(string(back)) || c.query.has("error") {
		return errSignInFlow
	}
	callback := signin.Callback{State: c.query.text("state"), Code: c.query.text("code"),
		Issuer: c.query.text("iss")}
	grant, err := a.signin.Finish(c.Context(), secret, callback, c.UserAgent())
	if err != nil {
		return err
	}
	if err := a.startSession(w, c, grant); err != nil {
		return err
	}
	return redirect(w, string(back))
}

// redirect sends a browser elsewhere as it is written: http.Redirect would mend
// paths.
func redirect(w http.ResponseWriter, to string) error {
	w.Header().Set("Location", to)
	w.WriteHeader(http.StatusFound)
	return nil
}

// isLocalPath reports whether s leads nowhere but to this host, however a browser
// reads it: not //host, which is one, nor what becomes that when backslashes are
// taken for slashes, control characters are left out (WHATWG URL, section 4.4),
// or escapes are resolved on the way.
func isLocalPath(s string) bool {
	const longest = 2048 // bytes
	u, err := url.Parse(s)
	if err != nil || len(s) > longest || u.Scheme != "" || u.Host != "" || u.User != nil ||
		u.Opaque != "" {
		return false
	}
	for _, path := range []string{strings.SplitN(s, "?", 2)[0], u.Path, unescapeOnce(u.Path)} {
		odd := func(r rune) bool { return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) }
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") ||
			strings.ContainsFunc(path, odd) {
			return false
		}
	}
	return !strings.ContainsFunc(s, unicode.IsControl)
}

// unescapeOnce is a path whose escapes are resolved once more, itself if that can't
// be.
func unescapeOnce(path string) string {
	if twice, err := url.PathUnescape(path); err == nil {
		return twice
	}
	return path
}
