package connstring

import (
	"net/url"
	"strings"
)

// WithUser returns the connection string with another user and password. An empty password
// means that the new user has none, not that the first user's counts.
func WithUser(text, user, password string) string {
	if !strings.Contains(text, "://") || startsWithKeyword(text) {
		return text + " user=" + quote(user) + " password=" + quote(password)
	}
	scheme, rest, _ := strings.Cut(text, "://")
	_, rest = cutUser(rest)
	address, query, _ := strings.Cut(rest, "?")
	var kept []string
	for pair := range strings.SplitSeq(query, "&") {
		keyword, _, _ := strings.Cut(pair, "=")
		if pair != "" && keyword != "user" && keyword != "password" {
			kept = append(kept, pair)
		}
	}
	account := url.User(user)
	if password != "" {
		account = url.UserPassword(user, password)
	}
	text = scheme + "://" + account.String() + "@" + address
	if len(kept) > 0 {
		text += "?" + strings.Join(kept, "&")
	}
	return text
}

func quote(value string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value) + "'"
}

// User returns the user of a connection string, and the password with which that user logs in
// at the first host. Both are empty if the string is invalid.
func User(text string) (user, password string) {
	c, err := Parse(text)
	if err != nil {
		return "", ""
	}
	return c.User, c.Hosts[0].Password
}
