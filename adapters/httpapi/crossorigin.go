package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errCrossOrigin = tenancy.Errorf(CodeCrossOrigin,
	"a browser sent this from a page of another origin: send it from this one, or with a bearer"+
		" token")

// sameOrigin refuses what a browser sends with its cookie on behalf of a page of
// another origin, also of one on a sibling of this host: it says so in
// Sec-Fetch-Site, or in Origin, which is held against the host that the client
// asked for. What has neither is from no browser that would send a cookie by
// itself. GET and HEAD change nothing and pass.
func (a *api) sameOrigin(r *http.Request) error {
	asked := *r
	if asked.Host = a.tenants.FromRequest(r).Host; asked.Host == "" {
		asked.Host = "." // which is no origin's: "null" would be without a host too
	}
	var protection http.CrossOriginProtection
	if err := protection.Check(&asked); err != nil {
		return errCrossOrigin.Because(err)
	}
	return nil
}
