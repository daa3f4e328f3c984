// Package commandtest tests the commands against a running registry and a real PostgreSQL,
// and the registry as a process: start, shutdown, and what is left after it was killed.
package commandtest
