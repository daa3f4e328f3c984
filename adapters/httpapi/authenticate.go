package httpapi

import (
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

var errCredentials = tenancy.Errorf(tenancy.CodeUnauthenticated,
	"send valid credentials: Authorization: Bearer <token>")

// authenticated returns the caller, who is never anonymous. Every failure with
// [tenancy.CodeUnauthenticated] gets the same message, whatever its cause.
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

// setAuthenticate chooses how callers are authenticated: by [Options.Authenticate],
// or by the platform token, API keys and sessions.
func (a *api) setAuthenticate(s ports.Services, o Options) {
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

// bearerOrSession is the default of [Options.Authenticate]. A request with the header
// Authorization is authenticated by it alone: a session cookie is then ignored.
func (a *api) bearerOrSession(w http.ResponseWriter, c *call) (tenancy.Principal, error) {
	if _, present := c.Header["Authorization"]; present {
		return a.bearer(c.Request)
	}
	secret, ok := a.readCookie(c.Request, sessionCookie)
	if !ok {
		return tenancy.Principal{}, errCredentials
	}
	if err := a.sameOrigin(c.Request); err != nil {
		return tenancy.Principal{}, err
	}
	if _, err := identity.HashSessionSecret(secret); err != nil {
		return tenancy.Principal{}, errCredentials.Because(err)
	}
	var caller signin.Caller
	err := a.lookups.Do(c.Context(), secret, func() (err error) {
		caller, err = a.signin.Authenticate(c.Context(), secret)
		return err
	})
	if err != nil {
		return tenancy.Principal{}, err
	}
	c.session = caller.Session
	if caller.Renewed != "" {
		a.setSessionCookie(w, c.Request, caller.Session, caller.Renewed)
	}
	return caller.Principal, nil
}

// bearer returns the caller of a bearer token: the platform token or an API key.
func (a *api) bearer(r *http.Request) (tenancy.Principal, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return tenancy.Principal{}, errCredentials
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return tenancy.Principal{}, errCredentials
	}
	token = strings.TrimSpace(token)
	if _, err := tenancy.HashKeySecret(token); err != nil && !a.adoptedKeys {
		// The platform token, or a text that is refused without a lookup: it needs no limit.
		return a.admin.Authenticate(r.Context(), token)
	}
	var p tenancy.Principal
	err := a.lookups.Do(r.Context(), token, func() (err error) {
		p, err = a.admin.Authenticate(r.Context(), token)
		return err
	})
	return p, err
}
