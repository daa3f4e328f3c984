// Package signintest tests sign-in through OpenID providers: a real provider, which
// runs in the test's process, and a hostile one. It is a separate package so that a
// provider's dependencies don't get into the go.sum of hosts.
package signintest
