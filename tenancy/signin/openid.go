package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"golang.org/x/text/unicode/norm"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Provider is an OpenID provider. It uses the code flow (OpenID Connect Core 1.0,
// section 3.1) with PKCE (RFC 7636). adapters/oidc implements it.
type Provider interface {
	// Start returns the URL at which a browser begins the flow.
	Start(ctx context.Context, f Flow) (url string, err error)

	// Finish redeems the code of a callback and returns the verified claims of the
	// user. A callback or claims that can't be verified are
	// [tenancy.CodeUnauthenticated].
	Finish(ctx context.Context, f Flow, back Callback) (Claims, error)
}

// Flow has the values that bind a callback to the browser that began the flow.
type Flow struct {
	State    string
	Nonce    string
	Verifier string // the code verifier of PKCE
}

// Callback has the parameters with which the provider redirects a browser back.
type Callback struct {
	State  string
	Code   string
	Issuer string // RFC 9207; empty if the provider doesn't send it
}

// Claims describe the user who signed in at the provider.
type Claims struct {
	Identity      identity.Identity
	Email         string
	EmailVerified bool
	Name          string
}

var (
	errProvider = tenancy.Errorf(tenancy.CodeUnauthenticated,
		"the sign-in through the provider wasn't completed: start again")
	errNoProvider = tenancy.Errorf(tenancy.CodeNotFound, "no OpenID provider is configured")
	errState      = errors.New("the state belongs to another browser's flow")
	errUnverified = errors.New(
		"no user has this identity, and its e-mail address isn't verified")
	errUnknownUser   = errors.New("no user has the e-mail address")
	errOtherIdentity = errors.New("the user has another identity at this provider")
)

// deriveFlow derives a flow from the secret that only the browser has that began
// it, so that the server doesn't store flows.
func deriveFlow(secret string) Flow {
	derive := func(what string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(what))
		return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return Flow{State: derive("state"), Nonce: derive("nonce"), Verifier: derive("verifier")}
}

// Start begins a sign-in through the provider. It returns the URL to which the
// browser is redirected, and the secret that the browser must send to
// [Service.Finish]. Without a provider the error is [tenancy.CodeNotFound].
func (s *Service) Start(ctx context.Context) (url, secret string, err error) {
	if s.provider == nil {
		return "", "", errNoProvider
	}
	secret = identity.NewSessionSecret()
	url, err = s.provider.Start(ctx, deriveFlow(secret))
	return url, secret, err
}

// Finish begins a session for a browser that returns from the provider with the
// secret of [Service.Start]. An identity is permanently bound to a user. A new
// identity is bound to the user with its e-mail address, if the provider has
// verified the address and the user has no other identity at the provider: the
// owner of an address may change. Everything else is [tenancy.CodeUnauthenticated];
// the reason is the error's cause.
func (s *Service) Finish(
	ctx context.Context, secret string, back Callback, agent string,
) (NewSession, error) {
	if s.provider == nil {
		return NewSession{}, errNoProvider
	}
	flow := deriveFlow(secret)
	if secret == "" || subtle.ConstantTimeCompare([]byte(flow.State), []byte(back.State)) != 1 {
		return NewSession{}, errProvider.Because(errState)
	}
	subjects := s.addressSubject(tenancy.RequestFrom(ctx).Address)
	if err := s.countAttempt(ctx, subjects); err != nil {
		return NewSession{}, err
	}
	user, err := s.identify(ctx, flow, back)
	if tenancy.CodeOf(err) == tenancy.CodeUnauthenticated {
		return NewSession{}, s.refuseProviderSignIn(ctx, err)
	}
	if err != nil {
		return NewSession{}, err
	}
	created, err := s.createSession(ctx, identity.Password{User: user}, agent)
	if err != nil {
		return NewSession{}, err
	}
	return created, s.recordSuccess(ctx, subjects)
}

// refuseProviderSignIn records a refused sign-in through the provider in the audit
// log and returns its error.
func (s *Service) refuseProviderSignIn(ctx context.Context, cause error) error {
	if err := s.audit.Append(ctx, identity.SignInDenied("")); err != nil {
		return err
	}
	return errProvider.Because(cause)
}

// identify returns the user of the identity that a callback proves. It binds a new
// identity to its user.
func (s *Service) identify(ctx context.Context, flow Flow, back Callback) (user string, err error) {
	found, err := s.provider.Finish(ctx, flow, back)
	if err != nil {
		return "", err
	}
	user, err = s.identities.Find(ctx, found.Identity)
	if tenancy.CodeOf(err) != tenancy.CodeNotFound {
		return user, err
	}
	if !found.EmailVerified {
		return "", errProvider.Because(errUnverified)
	}
	if user, err = s.userOf(ctx, found); err != nil {
		return "", err
	}
	err = s.identities.Bind(ctx, found.Identity, user)
	if tenancy.CodeOf(err) != tenancy.CodeAlreadyExists {
		return user, err
	}
	bound, err := s.identities.Find(ctx, found.Identity) // bound by a concurrent request?
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return "", errProvider.Because(errOtherIdentity)
	}
	return bound, err
}

// userOf finds the user of a verified address, or creates one if the options say
// so.
func (s *Service) userOf(ctx context.Context, found Claims) (string, error) {
	user, err := s.users.ByEmail(ctx, found.Email)
	switch {
	case err == nil:
		return user.ID, nil
	case tenancy.CodeOf(err) != tenancy.CodeNotFound:
		return "", err
	case !s.createUsers:
		return "", errProvider.Because(errUnknownUser)
	}
	name := norm.NFC.String(found.Name)
	if tenancy.CheckName(name) != nil {
		name = found.Email
	}
	user, err = s.users.Create(ctx,
		identity.User{ID: s.newID().String(), Email: found.Email, Name: name}, "")
	switch tenancy.CodeOf(err) {
	case tenancy.CodeInvalid: // the address isn't valid here
		return "", errProvider.Because(err)
	case tenancy.CodeAlreadyExists: // created by a concurrent request
		user, err = s.users.ByEmail(ctx, found.Email)
	}
	return user.ID, err
}
