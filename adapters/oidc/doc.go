// Package oidc signs people in through an OpenID provider (OpenID Connect Core
// 1.0): the code flow with state, nonce and PKCE (RFC 7636, S256). [New] makes a
// provider for the option SignIn.Provider of package httpapi.
//
// It is a package of its own so that a host which has no such provider doesn't
// get its dependencies.
package oidc
