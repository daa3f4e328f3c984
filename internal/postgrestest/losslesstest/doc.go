// Package losslesstest tests that a column of every type is exported and imported without loss,
// whatever the settings of the session, and that a table that can't keep this is refused.
package losslesstest
