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

// Client returns the IP address of the client of req; "" if it is unknown. Each
// proxy appends to X-Forwarded-For the address of its caller. The last address
// that isn't one of [Options.TrustedProxies] is the client; the client itself may
// have sent the addresses before it.
func (r *Resolver) Client(req *http.Request) string {
	from, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return ""
	}
	client := from.Addr().WithZone("").Unmap()
	hops := strings.Split(strings.Join(req.Header[forwardedForKey], ","), ",")
	for i := len(hops) - 1; i >= 0 && r.proxies.contains(client); i-- {
		hop, ok := parseHop(hops[i])
		if !ok {
			break // not an address: only the proxy is known
		}
		client = hop
	}
	return client.String()
}

// parseHop parses an address of X-Forwarded-For. Some proxies add the port of their caller, and
// put an IPv6 address into brackets.
func parseHop(text string) (addr netip.Addr, ok bool) {
	text = strings.Trim(text, " \t")
	if quoted, found := strings.CutPrefix(text, `"`); found {
		text, found = strings.CutSuffix(quoted, `"`)
		if !found {
			return netip.Addr{}, false
		}
	}
	addr, err := netip.ParseAddr(text)
	if err == nil {
		return addr.WithZone("").Unmap(), true
	}
	if strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]") {
		text += ":0"
	}
	withPort, err := netip.ParseAddrPort(text)
	return withPort.Addr().WithZone("").Unmap(), err == nil
}

// Secure reports whether the client used TLS, to connect to this server or to one
// of [Options.TrustedProxies]. The last proxy reports it in X-Forwarded-Proto.
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
