package resolve

import (
	"net/http"
	"net/netip"
	"strings"
)

var (
	forwardedForKey   = http.CanonicalHeaderKey("X-Forwarded-For")
	forwardedProtoKey = http.CanonicalHeaderKey("X-Forwarded-Proto")
)

// Client is the IP address that req comes from; empty when that isn't known. Of
// the addresses in X-Forwarded-For, each proxy appended the one that it was
// called from: the last that is none of [Options.TrustedProxies] is the client,
// and what stands before it is what the client says.
func (r *Resolver) Client(req *http.Request) string {
	from, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return ""
	}
	client := from.Addr().WithZone("").Unmap()
	hops := strings.Split(strings.Join(req.Header[forwardedForKey], ","), ",")
	for i := len(hops) - 1; i >= 0 && r.proxies.contain(client); i-- {
		hop, err := netip.ParseAddr(strings.Trim(hops[i], " \t"))
		if err != nil {
			break // a name, a port or nothing: the proxy is all that is known
		}
		client = hop.WithZone("").Unmap()
	}
	return client.String()
}

// Secure reports whether the client asked over TLS: of this server, or of one of
// [Options.TrustedProxies], the last of which says so in X-Forwarded-Proto.
func (r *Resolver) Secure(req *http.Request) bool {
	if req.TLS != nil {
		return true
	}
	forwarded := req.Header[forwardedProtoKey]
	if len(forwarded) == 0 || !r.proxies.trust(req.RemoteAddr) {
		return false
	}
	last := forwarded[len(forwarded)-1]
	return strings.EqualFold(strings.Trim(last[strings.LastIndexByte(last, ',')+1:], " \t"),
		"https")
}
