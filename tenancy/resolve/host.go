package resolve

import (
	"errors"
	"net/netip"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// hostRule extracts the tenant from a host name.
type hostRule struct {
	base   string // "example.com"
	suffix string // ".example.com"
}

func newHostRule(base string) hostRule {
	base = normalDomain(base)
	return hostRule{base: base, suffix: "." + base}
}

// name returns the name in host. present is false for hosts that name no tenant:
// the base domain itself, other domains, IP addresses, and reserved labels, which
// the service needs for itself (except "default", which is a tenant).
//
// Every other subdomain of the base domain is a name, even if it has no tenant. A
// malformed host is a malformed name. Neither may be ignored in favor of another
// source.
func (h hostRule) name(host string) (_ name, present bool) {
	if host == "" {
		return name{}, false
	}
	bare, ok := cutPort(host)
	if !ok {
		return name{text: host}, true
	}
	domain := normalDomain(bare)
	if domain == "" || strings.HasSuffix(domain, ".") {
		return name{text: host}, true
	}
	label, under := strings.CutSuffix(domain, h.suffix)
	switch {
	case !under && (hasOnlyHostCharacters(domain) || isIPv6(domain)):
		return name{}, false
	case !under:
		return name{text: host}, true
	}
	n := parseSlug(label)
	if n.slug.Reserved() && n.slug != tenancy.DefaultSlug {
		return name{}, false
	}
	return n, true
}

// hasOnlyHostCharacters reports whether s consists of the characters of host names
// (RFC 1123, section 2.1) and of underscores, which some networks use. Another
// host, such as "acme%2eexample.com" or two hosts with a comma between, might name
// a tenant to a more lenient parser.
func hasOnlyHostCharacters(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return true
}

// cutPort removes the port, and the brackets of an IPv6 address (RFC 3986,
// section 3.2.2). It returns false for an invalid host with port.
func cutPort(host string) (string, bool) {
	if isIPv6(host) {
		return host, true
	}
	if strings.HasPrefix(host, "[") {
		address, rest, closed := strings.Cut(host[1:], "]")
		port, hasPort := strings.CutPrefix(rest, ":")
		return address, closed && isIPv6(address) && (rest == "" || hasPort && isPort(port))
	}
	bare, port, found := strings.Cut(host, ":")
	return bare, !found || isPort(port)
}

// isIPv6 reports whether s is an IPv6 address without brackets. A zone is the name
// of a network interface (RFC 4007, section 11), but [netip.ParseAddr] accepts any
// text as a zone. The count of colons saves parsing every other host.
func isIPv6(s string) bool {
	if strings.Count(s, ":") < 2 {
		return false
	}
	address, err := netip.ParseAddr(s)
	return err == nil && hasOnlyHostCharacters(normalDomain(address.Zone()))
}

// isPort accepts the empty port, as RFC 3986 does.
func isPort(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return len(s) <= len("65535")
}

// normalDomain returns s in lower case and without the dot of the root. It folds
// ASCII only: strings.ToLower turns the Kelvin sign into a k, so that two
// different names would become equal.
func normalDomain(s string) string {
	s = strings.TrimSuffix(s, ".")
	for i := range len(s) {
		if isUpper(s[i]) {
			return strings.Map(foldASCII, s)
		}
	}
	return s
}

func isUpper(c byte) bool { return c >= 'A' && c <= 'Z' }

func foldASCII(r rune) rune {
	if r < 0x80 && isUpper(byte(r)) {
		return r + 'a' - 'A'
	}
	return r
}

const maxDomain = 253 // RFC 1035, section 2.3.4, without the root's dot and length byte

// checkDomain returns an error if s, in its normal form, is not a valid base domain.
func checkDomain(s string) error {
	if _, err := netip.ParseAddr(s); err == nil {
		return errors.New("an IP address has no subdomains: use a domain name")
	}
	if len(s) > maxDomain {
		return errors.New("a domain name has at most 253 characters")
	}
	for label := range strings.SplitSeq(s, ".") {
		if !isLabel(label) {
			return errors.New("use a domain name such as example.com, without scheme, port or" +
				" wildcard")
		}
	}
	return nil
}

// isLabel reports whether s is a label of a host name (RFC 1123, section 2.1).
func isLabel(s string) bool {
	const maxLabel = 63
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-') {
			return false
		}
	}
	return true
}
