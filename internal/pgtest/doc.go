// Package pgtest gives each test a PostgreSQL database of its own, on whatever
// machine it runs. A test is never skipped for want of a server: the first of
// these that works serves, and if none does the test fails with an error that
// names each and how to get it.
//
//	url        the server that DATABASE_URL names; if it is set, only this one
//	container  through testcontainers, where an engine answers (image.txt, or PGTEST_IMAGE)
//	local      a private cluster, from the machine's PostgreSQL or a download
//
// PGTEST_ONLY=url, container or local takes that one and no other.
//
// A package that uses it calls [Main] from its TestMain. One server serves all
// tests of a package; it starts when the first test asks.
package pgtest
