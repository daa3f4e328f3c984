package httpapi

import (
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errCredentials = tenancy.Errorf(tenancy.CodeUnauthenticated, "send valid credentials: Authorization: Bearer <token>")

// authenticated is who calls, and never nobody. All that is unauthenticated
// looks the same, whatever the reason.
func (a *api) authenticated(r *http.Request) (tenancy.Principal, error) {
	p, err := a.authenticate(r)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeUnauthenticated:
		return tenancy.Principal{}, errCredentials.Because(err)
	case err != nil:
		return tenancy.Principal{}, err
	case p.Anonymous():
		return tenancy.Principal{}, errCredentials
	}
	return p, nil
}

// bearer is the default of [Options.Authenticate].
func (a *api) bearer(r *http.Request) (tenancy.Principal, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return tenancy.Principal{}, errCredentials
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return tenancy.Principal{}, errCredentials
	}
	return a.admin.Authenticate(r.Context(), strings.TrimSpace(token))
}
