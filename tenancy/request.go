package tenancy

import "context"

// Request is what the audit log says of the request in which something was
// done.
type Request struct {
	ID      string // stands in the answer's X-Request-ID and in logs
	Address string // the caller's IP address; empty when there is none
	Reason  string // why a super-admin acts in a tenant, in their words
}

type requestKey struct{}

// WithRequest returns ctx carrying the request that is served.
func WithRequest(ctx context.Context, r Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// RequestFrom gives the request that is served; the zero Request outside of one.
func RequestFrom(ctx context.Context) Request {
	r, _ := ctx.Value(requestKey{}).(Request)
	return r
}
