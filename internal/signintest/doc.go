// Package signintest tests sign-in through OpenID providers: a real one, which
// runs in the test's process, and one that does everything wrong. It is a package
// of its own, so that no host's go.sum gets what a provider needs.
package signintest
