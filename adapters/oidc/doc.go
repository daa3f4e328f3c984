// Package oidc signs users in through an OpenID provider (OpenID Connect Core
// 1.0). It uses the authorization code flow with state, nonce and PKCE (RFC 7636,
// S256). [New] returns a provider for the option SignIn.Provider of package
// httpapi.
//
// It is a separate package so that a host without an OpenID provider doesn't get
// its dependencies.
package oidc
