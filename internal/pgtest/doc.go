// Package pgtest makes a separate PostgreSQL database for each test, on any machine. A test is
// never skipped because no server is available. It uses the first of these that works; if none
// works, it fails with an error that names each of them and how to get it.
//
//	url        the server that DATABASE_URL names; if it is set, only this one
//	container  through testcontainers, where an engine answers (image.txt, or PGTEST_IMAGE)
//	local      a private cluster, from the machine's PostgreSQL or a download
//
// PGTEST_ONLY=url, container or local tries only that one.
//
// A package that uses pgtest calls [Main] in its TestMain. All tests of a package use one server,
// which is started for the first database.
package pgtest
