// Package sessiontest tests package session against a private PostgreSQL. It isn't next to session
// because of what starts the server: the modules that the tests of an imported package need are
// added to the go.sum of every program that imports it.
package sessiontest
