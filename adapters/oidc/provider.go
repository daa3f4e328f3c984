package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// Options configures a provider and this program as its client.
type Options struct {
	Issuer       string // a URL, exactly as the provider writes it
	ClientID     string
	ClientSecret string
	RedirectURL  string   // of this program: …/api/v1/sessions/oidc/callback
	Scopes       []string // defaults to openid, email and profile

	// Clock returns the current time. Defaults to [time.Now].
	Clock func() time.Time
}

// Check returns an error that names an invalid option, nil if all are valid.
func (o Options) Check() error {
	for name, text := range map[string]string{"Issuer": o.Issuer, "RedirectURL": o.RedirectURL} {
		if !isURL(text) {
			return fmt.Errorf("option %s isn't a URL such as https://accounts.example.com", name)
		}
	}
	if o.ClientID == "" {
		return errors.New("Options.ClientID is empty")
	}
	return nil
}

// isURL reports whether text is an absolute HTTP URL without user and fragment.
func isURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" &&
		u.Fragment == "" && u.User == nil
}

// Provider is an OpenID provider. [New] returns one. It is safe for concurrent use.
type Provider struct {
	opts   Options
	client *http.Client

	mu         sync.Mutex
	discovered *discovery
	retryAt    time.Time // discovery isn't tried again before this time
	lastErr    error     // of the last discovery
}

// discovery is the provider's metadata (OpenID Connect Discovery 1.0).
type discovery struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider

	// namesIssuer says that callbacks contain the issuer (RFC 9207).
	namesIssuer bool
}

var _ signin.Provider = (*Provider)(nil)

// retryAfter is the time between two attempts to reach the provider.
const retryAfter = 5 * time.Second

// New returns a provider. It sends no request before the first sign-in. An invalid
// option is an error that names it.
func New(o Options) (*Provider, error) {
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("oidc: %w", err)
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{oidc.ScopeOpenID, "email", "profile"}
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return &Provider{opts: o, client: newClient()}, nil
}

// discover returns the provider's metadata and requests it at most once at a time:
// concurrent calls wait for the first one. It keeps the metadata. It also keeps an
// error, which is [tenancy.CodeUnavailable], for retryAfter.
func (p *Provider) discover(ctx context.Context) (*discovery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.discovered != nil {
		return p.discovered, nil
	}
	if p.opts.Clock().Before(p.retryAt) {
		return nil, p.lastErr
	}
	// The request isn't cancelled with this caller, because others wait for it too.
	d, err := p.fetchDiscovery(context.WithoutCancel(ctx))
	if err != nil {
		p.retryAt, p.lastErr = p.opts.Clock().Add(retryAfter), unavailable(err)
		return nil, p.lastErr
	}
	p.discovered = d
	return d, nil
}

// fetchDiscovery requests the provider's metadata.
func (p *Provider) fetchDiscovery(ctx context.Context) (*discovery, error) {
	provider, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.opts.Issuer)
	if err != nil {
		return nil, err
	}
	var metadata struct {
		NamesIssuer bool `json:"authorization_response_iss_parameter_supported"`
	}
	if err := provider.Claims(&metadata); err != nil {
		return nil, err
	}
	return &discovery{
		oauth: oauth2.Config{
			ClientID: p.opts.ClientID, ClientSecret: p.opts.ClientSecret,
			RedirectURL: p.opts.RedirectURL, Scopes: p.opts.Scopes, Endpoint: provider.Endpoint(),
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.opts.ClientID, Now: p.opts.Clock}),
		provider: provider, namesIssuer: metadata.NamesIssuer,
	}, nil
}

// unavailable is the error for a provider that can't be reached.
func unavailable(err error) error {
	return tenancy.Errorf(tenancy.CodeUnavailable,
		"the OpenID provider can't be reached: try again").Because(err)
}

// refused is the error for an invalid callback or token. Its message doesn't reveal the
// reason; err is for the log.
func refused(err error) error {
	return tenancy.Errorf(tenancy.CodeUnauthenticated,
		"the sign-in through the provider wasn't completed: start again").Because(err)
}

// Start returns the provider's URL to which a browser goes to begin the flow.
func (p *Provider) Start(ctx context.Context, f signin.Flow) (string, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return d.oauth.AuthCodeURL(f.State, oidc.Nonce(f.Nonce),
		oauth2.S256ChallengeOption(f.Verifier)), nil
}

// Finish redeems the callback's code, verifies the ID token and returns its claims.
// A callback or token that isn't valid for the flow is
// [tenancy.CodeUnauthenticated]. A provider that can't be reached is
// [tenancy.CodeUnavailable].
func (p *Provider) Finish(
	ctx context.Context, f signin.Flow, callback signin.Callback,
) (signin.Claims, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return signin.Claims{}, err
	}
	if err := p.checkCallback(d, callback); err != nil {
		return signin.Claims{}, refused(err)
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := d.oauth.Exchange(ctx, callback.Code, oauth2.VerifierOption(f.Verifier))
	if _, responded := errors.AsType[*oauth2.RetrieveError](err); responded {
		return signin.Claims{}, refused(err)
	}
	if err != nil {
		return signin.Claims{}, unavailable(err)
	}
	return p.claimsOf(ctx, d, f, token)
}

var (
	errOtherIssuer = errors.New("the callback is from another issuer")
	errNoCode      = errors.New("the callback has no code")
	errNoToken     = errors.New("the provider's response has no ID token")
	errOtherNonce  = errors.New("the ID token has the nonce of another flow")
	errOtherClient = errors.New("the ID token was issued to another client")
	errSubject     = errors.New("the subject is invalid")
)

// checkCallback refuses a callback from another provider (a mix-up attack, RFC
// 9207) and one without a code.
func (p *Provider) checkCallback(d *discovery, callback signin.Callback) error {
	if callback.Issuer != p.opts.Issuer && (callback.Issuer != "" || d.namesIssuer) {
		return errOtherIssuer
	}
	if callback.Code == "" {
		return errNoCode
	}
	return nil
}

// claims are the claims of an ID token that the oidc library doesn't return.
type claims struct {
	AuthorizedParty string `json:"azp"`
	Email           string `json:"email"`
	// EmailVerified is a string at some providers. Only the boolean true counts.
	EmailVerified any    `json:"email_verified"`
	Name          string `json:"name"`
}

// claimsOf verifies the ID token and returns its claims. If the token has no email
// address, it requests one from the UserInfo endpoint.
func (p *Provider) claimsOf(
	ctx context.Context, d *discovery, f signin.Flow, token *oauth2.Token,
) (signin.Claims, error) {
	raw, _ := token.Extra("id_token").(string)
	if raw == "" {
		return signin.Claims{}, refused(errNoToken)
	}
	id, err := d.verifier.Verify(ctx, raw)
	if err != nil {
		return signin.Claims{}, refused(err)
	}
	var c claims
	if err := id.Claims(&c); err != nil {
		return signin.Claims{}, refused(err)
	}
	if err := p.checkToken(id, c, f); err != nil {
		return signin.Claims{}, refused(err)
	}
	verified := signin.Claims{
		Identity: identity.Identity{Issuer: p.opts.Issuer, Subject: id.Subject},
		Email:    c.Email, EmailVerified: c.EmailVerified == true, Name: c.Name,
	}
	if verified.Email != "" || d.provider.UserInfoEndpoint() == "" {
		return verified, nil
	}
	return withUserInfo(ctx, d, token, verified)
}

// checkToken makes the checks of OpenID Connect Core 1.0 that the oidc library
// leaves to its callers: nonce, authorized party, and the form of the subject.
func (p *Provider) checkToken(id *oidc.IDToken, c claims, f signin.Flow) error {
	const maxSubject = 255 // bytes; section 2
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1:
		return errOtherNonce
	case c.AuthorizedParty != "" && c.AuthorizedParty != p.opts.ClientID,
		len(id.Audience) > 1 && c.AuthorizedParty == "":
		return errOtherClient
	case id.Subject == "" || len(id.Subject) > maxSubject || strings.Contains(id.Subject, "\x00"):
		return errSubject
	}
	return nil
}

// withUserInfo requests the claims that the ID token lacks from the UserInfo
// endpoint. The response must have the same subject (OpenID Connect Core 1.0,
// section 5.3.2).
func withUserInfo(
	ctx context.Context, d *discovery, token *oauth2.Token, verified signin.Claims,
) (signin.Claims, error) {
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return signin.Claims{}, refused(err)
	}
	if info.Subject != verified.Identity.Subject {
		return signin.Claims{}, refused(errSubject)
	}
	var c claims
	if err := info.Claims(&c); err != nil {
		return signin.Claims{}, refused(err)
	}
	verified.Email, verified.EmailVerified = info.Email, info.EmailVerified
	if verified.Name == "" {
		verified.Name = c.Name
	}
	return verified, nil
}
