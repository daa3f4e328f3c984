package resolve

import (
	"net/http"
	"net/netip"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Header is the request header that names a tenant, by id or slug.
const Header = "X-Tenant-ID"

// PathValue is the wildcard in a route's pattern that names a tenant, by id or
// slug: "GET /tenants/{tenant}/keys".
const PathValue = "tenant"

// Sources is everything in a request that may name its tenant. A zero field is an
// absent source.
type Sources struct {
	Host    string     // the requested host, with or without port
	Headers []string   // every value of X-Tenant-ID; an empty value is a malformed name
	Path    string     // the tenant in the route, percent-decoded
	Key     tenancy.ID // the tenant of the caller's API key
	Others  []string   // the names that [Options.Sources] found, each a slug or an id
}

// The canonical names of headers, which are the keys of the header map: indexing
// it with them doesn't allocate.
var (
	headerKey        = http.CanonicalHeaderKey(Header)
	hostKey          = http.CanonicalHeaderKey("Host")
	forwardedHostKey = http.CanonicalHeaderKey("X-Forwarded-Host")
)

// FromRequest reads the sources of req that need no authentication; Key stays
// zero.
//
// Host is req.Host, or X-Forwarded-Host if req comes from one of
// [Options.TrustedProxies]. A proxy appends its value to the values that the
// client sent, so only the last value counts: the trusted proxy wrote it. If a
// request has two different hosts, which HTTP/2 allows, Host is a malformed name.
//
// Path is the wildcard [PathValue] of the matched pattern. Only handlers of the
// mux that matched it have it; other code sets Path itself.
func (r *Resolver) FromRequest(req *http.Request) Sources {
	s := Sources{
		Host:    r.proxies.requestedHost(req),
		Headers: req.Header[headerKey],
		Path:    req.PathValue(PathValue),
	}
	for _, source := range r.sources {
		if name, ok := source(req); ok {
			s.Others = append(s.Others, name)
		}
	}
	return s
}

// requestedHost returns the host that the client asked for.
func (p proxies) requestedHost(req *http.Request) string {
	forwarded := req.Header[forwardedHostKey]
	if len(forwarded) == 0 || !p.trust(req.RemoteAddr) {
		return directHost(req)
	}
	last := forwarded[len(forwarded)-1]
	if host := strings.Trim(last[strings.LastIndexByte(last, ',')+1:], " \t"); host != "" {
		return host
	}
	return directHost(req)
}

// directHost returns req.Host, or a malformed host if req names another host too.
//
// For HTTP/1, net/http refuses two Host lines and sets req.Host to the host of an
// absolute target. For HTTP/2, it sets req.Host to the pseudo-header :authority or
// the first Host field, leaves the Host fields in the header map, and ignores a
// host in the path. RFC 9113, section 8.3.1, calls such requests malformed: a
// proxy in front of this server may use the other host.
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

// proxies are the networks of trusted proxies.
type proxies []netip.Prefix

// trust reports whether remote is an address with port, as in
// [http.Request.RemoteAddr], of one of the networks.
func (p proxies) trust(remote string) bool {
	if len(p) == 0 {
		return false
	}
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	return p.contains(ap.Addr().WithZone(""))
}

// contains reports whether addr is in one of the networks.
func (p proxies) contains(addr netip.Addr) bool {
	for _, network := range p {
		if network.Contains(addr) || network.Contains(addr.Unmap()) {
			return true
		}
	}
	return false
}
