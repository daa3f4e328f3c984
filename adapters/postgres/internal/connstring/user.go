package connstring

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// WithUser returns the connection string with another user and password. An empty password
// means that the new user has none, not that the first user's counts.
func WithUser(text, user, password string) string {
	if !strings.Contains(text, "://") || startsWithKeyword(text) {
		return pairsWithUser(text, user, password)
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
	// an @ in a socket's name would be read as the end of the account
	text = scheme + "://" + account.String() + "@" + strings.ReplaceAll(address, "@", "%40")
	if len(kept) > 0 {
		text += "?" + strings.Join(kept, "&")
	}
	return text
}

// pairsWithUser writes the pairs anew: what is appended to a text that ends in "host=" or in a
// backslash would be part of its last value.
func pairsWithUser(text, user, password string) string {
	p, err := parse(text)
	if err != nil {
		return text // invalid with any user
	}
	p["user"], p["password"] = user, password
	var pairs []string
	for _, keyword := range slices.Sorted(maps.Keys(p)) {
		pairs = append(pairs, keyword+"="+quote(p[keyword]))
	}
	return strings.Join(pairs, " ")
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
