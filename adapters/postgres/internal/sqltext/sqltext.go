package sqltext

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"strings"
)

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// QuoteIfNeeded is for people.
func QuoteIfNeeded(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return Quote(name)
}

// Quote makes an SQL identifier.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal makes an SQL string constant of text that holds no backslash problem:
// standard_conforming_strings is on, as pgdriver insists.
func Literal(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// Shorten is a name that PostgreSQL doesn't cut.
func Shorten(name string) string {
	const longest = 63
	if len(name) <= longest {
		return name
	}
	end := Digest(name)
	return name[:longest-len(end)] + end
}

// Digest tells texts apart in a name's last 12 characters.
func Digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:6])
}
