package httpapi

import (
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

var errCredentials = tenancy.Errorf(tenancy.CodeUnauthenticated,
	"send valid credentials: Authorization: Bearer <token>")

// authenticated is who calls, and never nobody. All that is unauthenticated
// looks the same, whatever the reason.
func (a *api) authenticated(w http.ResponseWriter, c *call) (tenancy.Principal, error) {
	p, err := a.authenticate(w, c)
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

// findCallers sets how callers are found: as the host says, or by what the library
// itself gives out.
func (a *api) findCallers(s ports.Services, o Options) {
	if o.Authenticate != nil {
		a.authenticate = func(_ http.ResponseWriter, c *call) (tenancy.Principal, error) {
			return o.Authenticate(c.Request)
		}
		return
	}
	if o.SignIn.Clock == nil {
		o.SignIn.Clock = o.Clock
	}
	a.signin, a.openID = signin.New(s, o.SignIn), o.SignIn.Provider != nil
	a.authenticate = a.bearerOrSession
}

// bearerOrSession is the default of [Options.Authenticate]. Whoever sends a token
// is its bearer and nobody else, whatever cookie they send as well.
func (a *api) bearerOrSession(w http.ResponseWriter, c *call) (tenancy.Principal, error) {
	if _, there := c.Header["Authorization"]; there {
		return a.bearer(c.Request)
	}
	secret, ok := a.readCookie(c.Request, sessionCookie)
	if !ok {
		return tenancy.Principal{}, errCredentials
	}
	if err := a.sameOrigin(c.Request); err != nil {
		return tenancy.Principal{}, err
	}
	caller, err := a.signin.Authenticate(c.Context(), secret)
	if err != nil {
		return tenancy.Principal{}, err
	}
	c.session = caller.Session
	if caller.Renewed != "" {
		a.giveSession(w, c.Request, caller.Session, caller.Renewed)
	}
	return caller.Principal, nil
}

// bearer finds the caller of a token: the platform token or an API key.
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
