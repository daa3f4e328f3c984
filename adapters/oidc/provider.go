package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// Options name a provider, and this program as a client of it.
type Options struct {
	Issuer       string // a URL, exactly as the provider writes it
	ClientID     string
	ClientSecret string
	RedirectURL  string   // of this program: …/api/v1/sessions/oidc/callback
	Scopes       []string // defaults to openid, email and profile

	// Clock tells the time. Defaults to [time.Now].
	Clock func() time.Time
}

// Check reports the first option that can't work, by its name.
func (o Options) Check() error {
	for name, text := range map[string]string{"Issuer": o.Issuer, "RedirectURL": o.RedirectURL} {
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" && u.Scheme != "http" ||
			u.Host == "" || u.Fragment != "" || u.User != nil {
			return fmt.Errorf("option %s isn't a URL such as https://accounts.example.com", name)
		}
	}
	if o.ClientID == "" {
		return errors.New("Options.ClientID is empty")
	}
	return nil
}

// Provider is made by [New] and safe for concurrent use.
type Provider struct {
	opts   Options
	client *http.Client

	mu         sync.Mutex
	discovered *discovery
	retryAt    time.Time // discovery isn't tried again before
	lastErr    error     // what it said
}

// discovery is what the provider says of itself.
type discovery struct {
	oauth       oauth2.Config
	verifier    *oidc.IDTokenVerifier
	provider    *oidc.Provider
	namesIssuer bool // in the callback too (RFC 9207)
}

var _ signin.Provider = (*Provider)(nil)

// retryAfter is how long a provider that can't be reached is left alone.
const retryAfter = 5 * time.Second

// New makes a provider. Nothing is asked of it before somebody signs in.
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

// discover asks the provider who it is, once. While one request does, the others
// wait; where it can't be reached they are told so.
func (p *Provider) discover(ctx context.Context) (*discovery, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.discovered != nil {
		return p.discovered, nil
	}
	if p.opts.Clock().Before(p.retryAt) {
		return nil, p.lastErr
	}
	found, err := p.fetchDiscovery(context.WithoutCancel(ctx)) // the next caller wants it too
	if err != nil {
		p.retryAt, p.lastErr = p.opts.Clock().Add(retryAfter), unavailable(err)
		return nil, p.lastErr
	}
	p.discovered = found
	return found, nil
}

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
			ClientID: p.opts.ClientID, ClientSecret: p.opts.ClientSecret, RedirectURL: p.opts.RedirectURL,
			Scopes: p.opts.Scopes, Endpoint: provider.Endpoint(),
		},
		verifier: provider.Verifier(&oidc.Config{ClientID: p.opts.ClientID, Now: p.opts.Clock}),
		provider: provider, namesIssuer: metadata.NamesIssuer,
	}, nil
}

func unavailable(err error) error {
	return tenancy.Errorf(tenancy.CodeUnavailable,
		"the OpenID provider is out of reach: try again").Because(err)
}

func refused(err error) error {
	return tenancy.Errorf(tenancy.CodeUnauthenticated,
		"the sign-in through the provider didn't succeed: begin again").Because(err)
}

// Start answers the provider's address for a browser that begins the flow.
func (p *Provider) Start(ctx context.Context, f signin.Flow) (string, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	return d.oauth.AuthCodeURL(f.State, oidc.Nonce(f.Nonce),
		oauth2.S256ChallengeOption(f.Verifier)), nil
}

// Finish redeems a code, verifies the ID token and reads who it is of.
func (p *Provider) Finish(
	ctx context.Context, f signin.Flow, back signin.Callback,
) (signin.Claims, error) {
	d, err := p.discover(ctx)
	if err != nil {
		return signin.Claims{}, err
	}
	if err := p.checkCallback(d, back); err != nil {
		return signin.Claims{}, refused(err)
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := d.oauth.Exchange(ctx, back.Code, oauth2.VerifierOption(f.Verifier))
	if _, answered := errors.AsType[*oauth2.RetrieveError](err); answered {
		return signin.Claims{}, refused(err)
	}
	if err != nil {
		return signin.Claims{}, unavailable(err)
	}
	return p.claimsOf(ctx, d, f, token)
}

var (
	errOtherIssuer = errors.New("the callback is of another issuer")
	errNoCode      = errors.New("the callback has no code")
	errNoToken     = errors.New("the provider answered no ID token")
	errOtherNonce  = errors.New("the ID token is of another browser's flow")
	errOtherClient = errors.New("the ID token was issued to another client")
	errSubject     = errors.New("the subject isn't one")
)

// checkCallback refuses what another provider has sent here.
func (p *Provider) checkCallback(d *discovery, back signin.Callback) error {
	if back.Issuer != p.opts.Issuer && (back.Issuer != "" || d.namesIssuer) {
		return errOtherIssuer
	}
	if back.Code == "" {
		return errNoCode
	}
	return nil
}

// claims are what is read of an ID token beside what is verified.
type claims struct {
	Party string `json:"azp"`
	Email string `json:"email"`
	// of some providers a text; only the value true counts
	EmailVerified any    `json:"email_verified"`
	Name          string `json:"name"`
}

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
	who := signin.Claims{
		Identity: identity.Identity{Issuer: p.opts.Issuer, Subject: id.Subject},
		Email:    c.Email, EmailVerified: c.EmailVerified == true, Name: c.Name,
	}
	if who.Email != "" || d.provider.UserInfoEndpoint() == "" {
		return who, nil
	}
	return withUserInfo(ctx, d, token, who)
}

// checkToken is what the library leaves to its callers.
func (p *Provider) checkToken(id *oidc.IDToken, c claims, f signin.Flow) error {
	const longest = 255 // of a subject; OpenID Connect Core 1.0, section 2
	switch {
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(f.Nonce)) != 1:
		return errOtherNonce
	case c.Party != "" && c.Party != p.opts.ClientID, len(id.Audience) > 1 && c.Party == "":
		return errOtherClient
	case id.Subject == "" || len(id.Subject) > longest || slices.Contains([]byte(id.Subject), 0):
		return errSubject
	}
	return nil
}

// withUserInfo asks for what the ID token doesn't say. The answer counts only if
// it is of the same subject (section 5.3.2).
func withUserInfo(
	ctx context.Context, d *discovery, token *oauth2.Token, who signin.Claims,
) (signin.Claims, error) {
	info, err := d.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return signin.Claims{}, refused(err)
	}
	if info.Subject != who.Identity.Subject {
		return signin.Claims{}, refused(errSubject)
	}
	var c claims
	if err := info.Claims(&c); err != nil {
		return signin.Claims{}, refused(err)
	}
	who.Email, who.EmailVerified = info.Email, info.EmailVerified
	if who.Name == "" {
		who.Name = c.Name
	}
	return who, nil
}
