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

// setAuthenticate chooses how callers are authenticated: by [Options.Authenticate] and
// bearer tokens, or by bearer tokens and sessions. Without the ports of sessions there are
// none.
func (a *api) setAuthenticate(s ports.Services, o Options) {
	if o.Authenticate != nil {
		a.authenticate = func(_ http.ResponseWriter, c *call) (tenancy.Principal, error) {
			p, err := o.Authenticate(c.Request)
			if err == nil && isZero(p) {
				return a.bearer(c)
			}
			return p, err
		}
		return
	}
	a.authenticate = a.bearerOrSession
	if len(s.Missing(signInPorts...)) > 0 {
		return
	}
	if o.SignIn.Clock == nil {
		o.SignIn.Clock = o.Clock
	}
	a.signin, a.openID = signin.New(s, o.SignIn), o.SignIn.Provider != nil
}

// isZero reports whether p is the zero principal. One that only lacks its kind comes from a
// host that forgot it, and is refused.
func isZero(p tenancy.Principal) bool {
	return p.Anonymous() && p.ID == "" && p.Name == "" && !p.SuperAdmin && p.Roles == nil &&
		p.KeyTenant.IsZero()
}

// bearerOrSession authenticates callers without [Options.Authenticate]. A request with the header
// Authorization is authenticated by it alone: a session cookie is then ignored.
func (a *api) bearerOrSession(w http.ResponseWriter, c *call) (tenancy.Principal, error) {
	if _, present := c.Header["Authorization"]; present {
		return a.bearer(c)
	}
	secret, ok := a.readCookie(c.Request, sessionCookie)
	if !ok || a.signin == nil {
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
	c.session, c.stored = caller.Session, true
	if caller.Renewed != "" {
		a.setSessionCookie(w, c.Request, caller.Session, caller.Renewed)
	}
	return caller.Principal, nil
}

// bearer returns the caller of a bearer token: the platform token or an API key.
func (a *api) bearer(c *call) (tenancy.Principal, error) {
	values := c.Header.Values("Authorization")
	if len(values) != 1 {
		return tenancy.Principal{}, errCredentials
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return tenancy.Principal{}, errCredentials
	}
	token = strings.TrimSpace(token)
	p, err := a.authenticateBearer(c, token)
	c.stored = err == nil && p.Kind != tenancy.PlatformToken
	return p, err
}

// authenticateBearer limits how often unknown tokens are looked up.
func (a *api) authenticateBearer(c *call, token string) (p tenancy.Principal, err error) {
	if _, err := tenancy.HashKeySecret(token); err != nil && !a.adoptedKeys {
		// The platform token, or a text that is refused without a lookup: it needs no limit.
		return a.admin.Authenticate(c.Context(), token)
	}
	err = a.lookups.Do(c.Context(), token, func() (err error) {
		p, err = a.admin.Authenticate(c.Context(), token)
		return err
	})
	return p, err
}
