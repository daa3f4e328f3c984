package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errCrossOrigin = tenancy.Errorf(CodeCrossOrigin,
	"the request comes from a page of another origin: send it from a page of this origin, or"+
		" with a bearer token")

// sameOrigin refuses a request that a browser sends with its cookie for a page of
// another origin, even of a sibling of this host. The browser reports the origin in
// Sec-Fetch-Site, or in Origin, which must match the host that the client asked for.
// A request with neither header doesn't come from a browser that adds cookies by
// itself. GET and HEAD change nothing and pass.
func (a *api) sameOrigin(r *http.Request) error {
	effective := *r
	if effective.Host = a.tenants.FromRequest(r).Host; effective.Host == "" {
		effective.Host = "." // matches no origin; "" would match the origin "null"
	}
	var protection http.CrossOriginProtection
	if err := protection.Check(&effective); err != nil {
		return errCrossOrigin.Because(err)
	}
	return nil
}
