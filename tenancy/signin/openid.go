package signin

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Provider signs people in somewhere else: an OpenID provider, by the code flow
// (OpenID Connect Core 1.0, section 3.1) with PKCE (RFC 7636). adapters/oidc is
// one.
type Provider interface {
	// Start answers where a browser begins the flow.
	Start(ctx context.Context, f Flow) (url string, err error)

	// Finish redeems the code that a browser came back with and answers who signed
	// in. What can't be relied on to the last is [tenancy.CodeUnauthenticated].
	Finish(ctx context.Context, f Flow, back Callback) (Claims, error)
}

// Flow is what ties a browser that comes back to the one that was sent off.
type Flow struct {
	State    string
	Nonce    string
	Verifier string // of PKCE
}

// Callback is what a browser comes back with.
type Callback struct {
	State  string
	Code   string
	Issuer string // RFC 9207; empty where the provider doesn't say
}

// Claims is who signed in at the provider.
type Claims struct {
	Identity      identity.Identity
	Email         string
	EmailVerified bool
	Name          string
}

var (
	errProvider = tenancy.Errorf(tenancy.CodeUnauthenticated,
		"the sign-in through the provider didn't succeed: begin again")
	errNoProvider = tenancy.Errorf(tenancy.CodeNotFound, "there is no OpenID provider here")
	errState      = errors.New("the state is of another browser's flow")
	errUnverified = errors.New("no user has this identity, and its e-mail address isn't verified")
	errStranger   = errors.New("no user has the e-mail address")
	errTwice      = errors.New("the user has another identity at this provider")
)

// flowOf derives a flow from the secret that only the browser which began it has,
// so that nothing is kept of it here.
func flowOf(secret string) Flow {
	derive := func(what string) string {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(what))
		return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return Flow{State: derive("state"), Nonce: derive("nonce"), Verifier: derive("verifier")}
}

// Start begins a sign-in through the provider. It answers where to send the
// browser, and the secret with which it has to come back. Without a provider it is
// [tenancy.CodeNotFound].
func (s *Service) Start(ctx context.Context) (url, secret string, err error) {
	if s.provider == nil {
		return "", "", errNoProvider
	}
	secret = identity.NewSessionSecret()
	url, err = s.provider.Start(ctx, flowOf(secret))
	return url, secret, err
}

// Finish begins a session for a browser that comes back from the provider with
// the secret of [Service.Start]. The user is whom the identity is bound to, for
// ever. One that is bound to nobody is bound to the user with its e-mail address,
// if the provider has verified that and the user has no other identity there: an
// address may have another owner some day. Everything else is
// [tenancy.CodeUnauthenticated], the reason being the error's cause.
func (s *Service) Finish(
	ctx context.Context, secret string, back Callback, agent string,
) (NewSession, error) {
	if s.provider == nil {
		return NewSession{}, errNoProvider
	}
	flow := flowOf(secret)
	if secret == "" || subtle.ConstantTimeCompare([]byte(flow.State), []byte(back.State)) != 1 {
		return NewSession{}, errProvider.Because(errState)
	}
	from := s.fromWhere(tenancy.RequestFrom(ctx).Address)
	if err := s.begin(ctx, from); err != nil {
		return NewSession{}, err
	}
	user, err := s.identify(ctx, flow, back)
	if tenancy.CodeOf(err) == tenancy.CodeUnauthenticated {
		return NewSession{}, s.deny(ctx, err)
	}
	if err != nil {
		return NewSession{}, err
	}
	grant, err := s.open(ctx, identity.Password{User: user}, agent)
	if err != nil {
		return NewSession{}, err
	}
	return grant, s.settle(ctx, from)
}

// deny has a refused sign-in through the provider in the audit log.
func (s *Service) deny(ctx context.Context, cause error) error {
	if err := s.log.Append(ctx, identity.SignInDenied("")); err != nil {
		return err
	}
	return errProvider.Because(cause)
}

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
	bound, err := s.identities.Find(ctx, found.Identity) // perhaps by a request beside this one
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return "", errProvider.Because(errTwice)
	}
	return bound, err
}

// userOf finds the user of a verified address, or makes one where that is wanted.
func (s *Service) userOf(ctx context.Context, found Claims) (string, error) {
	user, err := s.users.ByEmail(ctx, found.Email)
	switch {
	case err == nil:
		return user.ID, nil
	case tenancy.CodeOf(err) != tenancy.CodeNotFound:
		return "", err
	case !s.create:
		return "", errProvider.Because(errStranger)
	}
	name := found.Name
	if tenancy.CheckName(name) != nil {
		name = found.Email
	}
	user, err = s.users.Create(ctx,
		identity.User{ID: s.newID().String(), Email: found.Email, Name: name})
	switch tenancy.CodeOf(err) {
	case tenancy.CodeInvalid: // no address that we know
		return "", errProvider.Because(err)
	case tenancy.CodeAlreadyExists: // by a request beside this one
		user, err = s.users.ByEmail(ctx, found.Email)
	}
	return user.ID, err
}
