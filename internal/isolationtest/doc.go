// Package isolationtest tests the proof of isolation against a real PostgreSQL:
// it holds for a whole database, and goes red for each wall that is broken. It
// stands here and not beside the proof because of the containers that its tests
// may use.
package isolationtest
