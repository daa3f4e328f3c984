package httpapi

import (
	"net/http"
	"time"
)

// What the cookies are called, behind the prefix that [api.cookieName] gives
// them.
const (
	sessionCookie = "bailiwick"
	flowCookie    = "bailiwick-oidc" // of a sign-in through an OpenID provider that is under way
)

// cookieName is what a cookie is called in the answer to r. Browsers take a name
// with __Host- only over TLS, for this host alone and all of it, so that no other
// host, above or beside it, can set one (RFC 6265bis, section 4.1.3). Below a
// prefix it is __Secure-. Over plain HTTP there is no such promise; and what was
// set without it is not looked at over TLS.
func (a *api) cookieName(r *http.Request, name string) string {
	switch {
	case !a.tenants.Secure(r):
		return name
	case a.prefix == "":
		return "__Host-" + name
	}
	return "__Secure-" + name
}

// readCookie answers the value of a cookie. Two of one name are none: one of them
// may be from another host of the domain, and nothing tells which.
func (a *api) readCookie(r *http.Request, name string) (value string, ok bool) {
	found := r.CookiesNamed(a.cookieName(r, name))
	if len(found) != 1 || found[0].Value == "" {
		return "", false
	}
	return found[0].Value, true
}

// setCookie gives the browser a cookie for this host alone, which no script
// reads and no other site sends along but for a link that is followed.
func (a *api) setCookie(
	w http.ResponseWriter, r *http.Request, name, value string, lasts time.Duration,
) {
	path := a.prefix
	if path == "" {
		path = "/"
	}
	seconds := int(lasts / time.Second)
	if seconds <= 0 {
		seconds = -1 // it is gone at once
	}
	http.SetCookie(w, &http.Cookie{
		Name: a.cookieName(r, name), Value: value, Path: path, MaxAge: seconds,
		Secure: a.tenants.Secure(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}

// deleteCookie takes a cookie away from the browser.
func (a *api) deleteCookie(w http.ResponseWriter, r *http.Request, name string) {
	a.setCookie(w, r, name, "", 0)
}
