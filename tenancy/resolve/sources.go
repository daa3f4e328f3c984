package resolve

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Header is the request header that names a tenant, by id or slug.
const Header = "X-Tenant-ID"

// PathValue is the wildcard of a route's pattern that names a tenant, by id or
// slug: "GET /tenants/{tenant}/keys".
const PathValue = "tenant"

// Sources is everything in a request that may name its tenant. A zero field is
// a source that isn't there.
type Sources struct {
	Host    string     // the host that the client asked for, with or without port
	Headers []string   // every value of X-Tenant-ID; an empty value is there, and names nothing
	Path    string     // the tenant in the route, percent-decoded
	Key     tenancy.ID // the tenant of the API key that the caller has shown
}

// The header map's own spelling of the names: indexing it with them neither
// folds case nor allocates.
var (
	headerKey        = http.CanonicalHeaderKey(Header)
	hostKey          = http.CanonicalHeaderKey("Host")
	forwardedHostKey = http.CanonicalHeaderKey("X-Forwarded-Host")
)

// FromRequest reads the sources of req that need no authentication; Key stays
// zero.
//
// Host is req.Host, or X-Forwarded-Host if req comes from one of
// [Options.TrustedProxies]. A request that asks for two hosts, as HTTP/2 lets it
// do, asks for none that names a tenant. A proxy that appends to that header leaves before
// its own value whatever the client sent, so of several values only the last
// counts: it is the one that the trusted proxy wrote.
//
// Path is the wildcard [PathValue] of the pattern that matched. It is there
// only inside the mux that matched it; whoever resolves elsewhere sets it.
func (r *Resolver) FromRequest(req *http.Request) Sources {
	return Sources{
		Host:    r.requestedHost(req),
		Headers: req.Header[headerKey],
		Path:    req.PathValue(PathValue),
	}
}

func (r *Resolver) requestedHost(req *http.Request) string {
	forwarded := req.Header[forwardedHostKey]
	if len(forwarded) == 0 || !r.proxies.trust(req.RemoteAddr) {
		return directHost(req)
	}
	last := forwarded[len(forwarded)-1]
	if host := strings.Trim(last[strings.LastIndexByte(last, ',')+1:], " \t"); host != "" {
		return host
	}
	return directHost(req)
}

// directHost is req.Host, or a text that is no host where req has another one
// beside it. net/http refuses two Host lines of HTTP/1, and sets req.Host to the
// host of an absolute target. Of HTTP/2 it takes the pseudo-header :authority,
// or the first of the Host fields, leaves these in the header map, and passes
// over a host in the path. RFC 9113, section 8.3.1, calls such requests
// malformed: what stands in front of this server may go by the other one.
func directHost(req *http.Request) string {
	for _, other := range req.Header[hostKey] {
		if other != req.Host {
			return req.Host + "," + other
		}
	}
	if req.ProtoMajor > 1 && req.URL.Host != "" && req.URL.Host != req.Host {
		return req.Host + "," + req.URL.Host
	}
	return req.Host
}

// proxies are the networks that are believed.
type proxies []netip.Prefix

// trust reports whether remote, an address with port as net/http has it, lies
// in one of the networks. What isn't such an address is not trusted.
func (p proxies) trust(remote string) bool {
	if len(p) == 0 {
		return false
	}
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	return p.contain(ap.Addr().WithZone(""))
}

// contain reports whether addr lies in one of the networks.
func (p proxies) contain(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) || network.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
