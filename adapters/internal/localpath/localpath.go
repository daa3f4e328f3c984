// Package localpath tells paths of this host from addresses of others: a sign-in redirects
// to the path that its caller has sent.
package localpath

import (
	"net/url"
	"strings"
	"unicode"
)

// Is reports whether every browser reads s as a path of this host. It refuses
// //host, which names another host, and every text that could become one: browsers
// read backslashes as slashes and skip control characters (WHATWG URL, section 4.4),
// and proxies may decode escapes.
func Is(s string) bool {
	const longest = 2048 // bytes
	u, err := url.Parse(s)
	if err != nil || len(s) > longest || u.Scheme != "" || u.Host != "" || u.User != nil ||
		u.Opaque != "" {
		return false
	}
	for _, path := range []string{strings.SplitN(s, "?", 2)[0], u.Path, unescapeOnce(u.Path)} {
		unsafe := func(r rune) bool {
			return r == '\\' || unicode.IsControl(r) || unicode.IsSpace(r) && r != ' '
		}
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") ||
			strings.ContainsFunc(path, unsafe) {
			return false
		}
	}
	return !strings.ContainsFunc(s, unicode.IsControl) && !strings.Contains(s, " ")
}

// unescapeOnce decodes the escapes of a path once more. It returns an undecodable path
// unchanged.
func unescapeOnce(path string) string {
	if decoded, err := url.PathUnescape(path); err == nil {
		return decoded
	}
	return path
}
