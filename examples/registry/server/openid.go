package server

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/oidc"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// openIDSettings describe the OpenID provider that users sign in with.
type openIDSettings struct {
	issuer       string // empty: no provider
	clientID     string
	clientSecret string
	redirectURL  string // empty: derived from the listen address
	createUsers  bool
}

// readOpenID reads and checks the settings OIDC_*. Settings without an issuer are an
// error, because they would have no effect.
func readOpenID(getenv func(string) string) (openIDSettings, error) {
	o := openIDSettings{
		issuer: getenv("OIDC_ISSUER"), clientID: getenv("OIDC_CLIENT_ID"),
		clientSecret: getenv("OIDC_CLIENT_SECRET"),
		redirectURL:  getenv("OIDC_REDIRECT_URL"),
	}
	var err error
	if o.createUsers, err = parseBool(getenv, "OIDC_CREATE_USERS", false); err != nil {
		return o, err
	}
	if o.issuer == "" && (o.createUsers || o.clientID+o.clientSecret+o.redirectURL != "") {
		return o, errors.New("OIDC_ISSUER is empty: set it, or unset the other OIDC_ settings")
	}
	if o.issuer != "" && o.options("http://127.0.0.1").Check() != nil {
		return o, errors.New("invalid OpenID settings: OIDC_ISSUER and OIDC_REDIRECT_URL must be" +
			" URLs such as https://accounts.example.com, and OIDC_CLIENT_ID must not be empty")
	}
	return o, nil
}

// options returns the options of the provider's client. The address is the
// registry's own URL; the default redirect URL is derived from it.
func (o openIDSettings) options(address string) oidc.Options {
	return oidc.Options{
		Issuer: o.issuer, ClientID: o.clientID, ClientSecret: o.clientSecret,
		RedirectURL: cmp.Or(o.redirectURL, address+"/api/v1/sessions/oidc/callback"),
	}
}

// signIn returns the sign-in options of a registry at this address. Without an
// issuer, users sign in with passwords only.
func (o openIDSettings) signIn(address string) (signin.Options, error) {
	if o.issuer == "" {
		return signin.Options{}, nil
	}
	provider, err := oidc.New(o.options(address))
	if err != nil {
		return signin.Options{}, fmt.Errorf("the OpenID provider: %w", err)
	}
	return signin.Options{Provider: provider, CreateUsers: o.createUsers}, nil
}
