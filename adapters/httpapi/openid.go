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

// flowLifetime limits how long a sign-in at the provider may take.
const flowLifetime = 10 * time.Minute

var errSignInFlow = tenancy.Errorf(tenancy.CodeUnauthenticated,
	"the sign-in through the provider wasn't completed: start again")

// startOpenID redirects to the provider. The flow's secret and return_to are in a
// cookie, so that only the browser that started the sign-in can finish it.
func (a *api) startOpenID(w http.ResponseWriter, c *call) error {
	returnTo := c.query.text("return_to")
	if returnTo == "" {
		returnTo = "/"
	}
	if !isLocalPath(returnTo) {
		return invalidParameter("return_to",
			"must be a path of this host that starts with one slash")
	}
	location, secret, err := a.signin.Start(c.Context())
	if err != nil {
		return err
	}
	a.setCookie(w, c.Request, flowCookie,
		secret+"."+base64.RawURLEncoding.EncodeToString([]byte(returnTo)), flowLifetime)
	return redirect(w, location)
}

// finishOpenID deletes the flow's cookie even if it then fails: a callback is
// accepted once.
func (a *api) finishOpenID(w http.ResponseWriter, c *call) error {
	cookie, ok := a.readCookie(c.Request, flowCookie)
	if !ok {
		return errSignInFlow
	}
	a.deleteCookie(w, c.Request, flowCookie)
	secret, encoded, _ := strings.Cut(cookie, ".")
	returnTo, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || !isLocalPath(string(returnTo)) || c.query.has("error") {
		return errSignInFlow
	}
	callback := signin.Callback{State: c.query.text("state"), Code: c.query.text("code"),
		Issuer: c.query.text("iss")}
	session, err := a.signin.Finish(c.Context(), secret, callback, c.UserAgent())
	if err != nil {
		return err
	}
	if err := a.startSession(w, c, session); err != nil {
		return err
	}
	return redirect(w, string(returnTo))
}

// redirect sends location unchanged: http.Redirect would clean the path.
func redirect(w http.ResponseWriter, location string) error {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusFound)
	return nil
}

// isLocalPath reports whether every browser reads s as a path of this host. It refuses
// //host, which names another host, and every text that could become one: browsers
// read backslashes as slashes and skip control characters (WHATWG URL, section 4.4),
// and proxies may decode escapes.
func isLocalPath(s string) bool {
	const longest = 2048 // bytes
	u, err := url.Parse(s)
	if err != nil || len(s) > longest || u.Scheme != "" || u.Host != "" || u.User != nil ||
		u.Opaque != "" {
		return false
	}
	for _, path := range []string{strings.SplitN(s, "?", 2)[0], u.Path, unescapeOnce(u.Path)} {
		unsafe := func(r rune) bool {
			return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r)
		}
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") ||
			strings.ContainsFunc(path, unsafe) {
			return false
		}
	}
	return !strings.ContainsFunc(s, unicode.IsControl)
}

// unescapeOnce decodes the escapes of a path once more. It returns an undecodable path
// unchanged.
func unescapeOnce(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil {
		return decoded
	}
	return path
}
