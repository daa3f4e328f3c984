package resolve

import (
	"net/http"
	"net/netip"
)

// Source is a host's own way to name the tenant of a request, such as a claim of its tokens.
// name is the tenant's slug or id; ok is false for a request that names none in this way.
//
// A source only names a tenant. Its name must agree with the request's other names, and a name
// that no tenant has, the empty one too, is refused as everywhere. Several goroutines call a
// source at the same time. What a client may choose freely, such as a header of the host's, must
// be in the header Vary of the responses.
type Source func(*http.Request) (name string, ok bool)

// CustomDomains returns a source for domains of the tenants' own, outside of
// [Options.BaseDomain]. find returns the slug or the id of the tenant that a domain belongs to; it
// gets the domain in lower case, without port and without the dot of the root, and must answer
// from memory, since it is called for each request. trustedProxies are those of
// [Options.TrustedProxies], whose X-Forwarded-Host counts.
func CustomDomains(
	find func(domain string) (name string, ok bool), trustedProxies ...netip.Prefix,
) Source {
	if find == nil {
		panic("resolve.CustomDomains: find is nil")
	}
	return func(req *http.Request) (string, bool) {
		bare, ok := cutPort(proxies(trustedProxies).requestedHost(req))
		domain := normalDomain(bare)
		if !ok || !hasOnlyHostCharacters(domain) {
			return "", false // the rule of the base domain refuses a malformed host
		}
		return find(domain)
	}
}
