package apicall

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// keepCookies keeps what the answer sets, the newest value of each cookie.
func (c *Client) keepCookies(h http.Header) {
	for _, set := range h["Set-Cookie"] {
		name, _, _ := strings.Cut(set, "=")
		older := func(s string) bool { return strings.HasPrefix(s, name+"=") }
		*c.cookies = append(slices.DeleteFunc(*c.cookies, older), set)
	}
}

// setCookies changes the header Cookie into that of a browser which was given the Set-Cookie
// headers. Each replaces all cookies of its exact name, or deletes them: __Host-a and a are
// two cookies. What the browser has sent otherwise is unchanged.
func setCookies(h http.Header, set []string) {
	if len(set) == 0 {
		return
	}
	named := map[string]bool{}
	var given []string
	for _, line := range set {
		cookie, err := http.ParseSetCookie(line)
		if err != nil {
			continue // a browser would ignore it too
		}
		named[cookie.Name] = true
		if !deletes(cookie) {
			pair, _, _ := strings.Cut(line, ";")
			given = append(given, strings.TrimSpace(pair))
		}
	}
	pairs := slices.DeleteFunc(pairsOf(h["Cookie"]), func(pair string) bool {
		name, _, _ := strings.Cut(pair, "=")
		return named[strings.TrimSpace(name)]
	})
	delete(h, "Cookie")
	if pairs = append(pairs, given...); len(pairs) > 0 {
		h["Cookie"] = []string{strings.Join(pairs, "; ")}
	}
}

// pairsOf returns the cookies of the headers as they are written.
func pairsOf(headers []string) []string {
	var pairs []string
	for _, header := range headers {
		for pair := range strings.SplitSeq(header, ";") {
			if pair = strings.TrimSpace(pair); pair != "" {
				pairs = append(pairs, pair)
			}
		}
	}
	return pairs
}

// deletes reports whether a browser that is given the cookie deletes it.
func deletes(c *http.Cookie) bool {
	return c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && !c.Expires.After(time.Now())
}
