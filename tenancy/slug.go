package tenancy

import (
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Slug is a tenant's name in host names and URLs: a DNS label of 2 to 63
// characters of a-z, 0-9 and hyphen (RFC 1123), without a hyphen at either end
// and without "--" at the third and fourth place, which RFC 5891 reserves for
// internationalized names. A slug never has the form of an [ID], so that a text
// in a URL is either a slug or an id. A slug is never reused, not even after its
// tenant was deleted.
type Slug string

// DefaultSlug is the slug of the tenant [DefaultID].
const DefaultSlug Slug = "default"

const (
	minSlug = 2
	maxSlug = 63
)

// reserved slugs would shadow host names that the service itself needs, would look
// official, or are what a broken script writes for no value. They are sorted, for
// [slices.BinarySearch].
var reserved = []Slug{
	"account", "admin", "administrator", "api", "assets", "auth", "autoconfig", "autodiscover",
	"bailiwick", "broadcasthost", "cdn", "console", "dashboard", DefaultSlug, "docs", "email",
	"federation", "ftp", "help", "hostmaster", "imap", "internal", "isatap", "livez", "localdomain",
	"localhost", "login", "mail", "me", "metrics", "mta-sts", "none", "ns", "ns1", "ns2", "null",
	"oauth", "pop", "pop3", "postmaster", "public", "readyz", "root", "security", "smtp", "ssl",
	"static", "status", "support", "system", "tenants", "undefined", "webmail", "webmaster", "wpad", "ws", "www",
}

// ParseSlug parses a slug. It corrects nothing: upper case, spaces or a trailing
// dot are an error with [CodeInvalidSlug]. Reserved slugs are valid, because the
// tenant "default" has one; see [Slug.Reserved].
func ParseSlug(s string) (Slug, error) {
	switch {
	case len(s) < minSlug || len(s) > maxSlug:
		return "", Errorf(CodeInvalidSlug, "a slug has %d to %d characters", minSlug, maxSlug)
	case s[0] == '-' || s[len(s)-1] == '-':
		return "", Errorf(CodeInvalidSlug, "a slug neither begins nor ends with a hyphen")
	case len(s) >= 4 && s[2:4] == "--":
		return "", Errorf(CodeInvalidSlug,
			"a slug has no hyphens at both its third and fourth place")
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return "", Errorf(CodeInvalidSlug, "a slug consists of a-z, 0-9 and hyphens")
		}
	}
	if len(s) == idLength && uuid.Validate(s) == nil {
		return "", Errorf(CodeInvalidSlug, "a slug must not have the form of a tenant id")
	}
	return Slug(s), nil
}

// reservedPrefix begins the names that PostgreSQL keeps for itself (as pg_), so that a
// tenant can't look like one of them in a schema, a role or a log.
const reservedPrefix = "pg-"

// Reserved reports whether no new tenant may take the slug. Tenants that took it before
// it was reserved keep it.
func (s Slug) Reserved() bool {
	_, found := slices.BinarySearch(reserved, s)
	return found || strings.HasPrefix(string(s), reservedPrefix)
}
