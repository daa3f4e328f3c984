package httpapi

import (
	"net/http"
	"time"
)

// The names of the cookies, without the prefix that [api.cookieName] adds.
const (
	sessionCookie = "bailiwick"
	flowCookie    = "bailiwick-oidc" // of an unfinished sign-in through an OpenID provider
)

// cookieName returns the name of a cookie in the response to r. Over TLS it has the
// prefix __Host-: browsers accept such a cookie only over TLS and for exactly this
// host, so no parent or sibling domain can set one (RFC 6265bis, section 4.1.3).
// With [Options.Prefix] it has the prefix __Secure- instead. Over plain HTTP it has
// no prefix, and over TLS a cookie without the prefix is ignored.
func (a *api) cookieName(r *http.Request, name string) string {
	switch {
	case !a.tenants.Secure(r):
		return name
	case a.prefix == "":
		return "__Host-" + name
	}
	return "__Secure-" + name
}

// readCookie returns the value of a cookie. Two cookies with one name count as none:
// another host of the domain may have set one of them, and the request doesn't show
// which.
func (a *api) readCookie(r *http.Request, name string) (value string, ok bool) {
	cookies := r.CookiesNamed(a.cookieName(r, name))
	if len(cookies) != 1 || cookies[0].Value == "" {
		return "", false
	}
	return cookies[0].Value, true
}

// setCookie sets a cookie for this host only. Scripts can't read it (HttpOnly), and
// browsers send it from another site only when the user follows a link (SameSite=Lax).
func (a *api) setCookie(
	w http.ResponseWriter, r *http.Request, name, value string, lifetime time.Duration,
) {
	path := a.prefix
	if path == "" {
		path = "/"
	}
	seconds := int(lifetime / time.Second)
	if seconds <= 0 {
		seconds = -1 // deletes the cookie
	}
	http.SetCookie(w, &http.Cookie{
		Name: a.cookieName(r, name), Value: value, Path: path, MaxAge: seconds,
		Secure: a.tenants.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// deleteCookie makes the browser delete a cookie.
func (a *api) deleteCookie(w http.ResponseWriter, r *http.Request, name string) {
	a.setCookie(w, r, name, "", 0)
}
