package httpapi

import (
	"context"
	"net/http"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

const requestIDHeader = "X-Request-ID"

const maxRequestID = 128 // bytes

// RequestID returns the id of the request that ctx belongs to: the one in the
// response's X-Request-ID, in problems and in logs. It is "" outside of a request.
func RequestID(ctx context.Context) string {
	return tenancy.RequestFrom(ctx).ID
}

// withRequestID puts the request's id into its context and into the response's header:
// the id that the context already has, else the valid one that the caller sent, else a
// new one.
func withRequestID(
	w http.ResponseWriter, r *http.Request, tenants *resolve.Resolver,
) *http.Request {
	id := RequestID(r.Context())
	if id == "" {
		if id = r.Header.Get(requestIDHeader); !isValidRequestID(id) {
			id = uuid.Must(uuid.NewV7()).String()
		}
		r = r.WithContext(tenancy.WithRequest(r.Context(),
			tenancy.Request{ID: id, Address: tenants.Client(r)}))
	}
	w.Header().Set(requestIDHeader, id)
	return r
}

// isValidRequestID accepts ids that are safe in a log and in a header.
func isValidRequestID(id string) bool {
	if id == "" || len(id) > maxRequestID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' ||
			c == '_' || c == '.') {
			return false
		}
	}
	return true
}
