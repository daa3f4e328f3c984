// Package isolationtest tests the proof of isolation against a real PostgreSQL: it passes for an
// intact database, and fails for each broken wall. It isn't next to the proof because of the
// containers that its tests may use.
package isolationtest
