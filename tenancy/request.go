package tenancy

import (
	"context"
	"net/netip"
)

// Request is what the audit log records of a request.
type Request struct {
	ID      string // also in the response's X-Request-ID header and in logs
	Address string // the caller's IP address; empty if unknown
	Reason  string // why a super-admin acts in a tenant, in their own words
}

type requestKey struct{}

// WithRequest returns ctx with the request that is being served.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom returns the request that is being served; the zero Request if ctx
// has none.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}

// NetworkOf returns the network of one client with this IP address: the address for IPv4, and
// for IPv6 the 64-bit prefix that a client usually has for itself. It is "" if the address is
// invalid.
func NetworkOf(address string) string {
	addr, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 64
	if addr = addr.Unmap().WithZone(""); addr.Is4() {
		bits = 32
	}
	return netip.PrefixFrom(addr, bits).Masked().String()
}
