//go:build !unix

package pgbouncer

import "testing"

// Pooler is a running PgBouncer. This operating system has none.
type Pooler struct{}

// Start fails t.
func Start(t testing.TB, _ ...string) *Pooler {
	t.Helper()
	t.Fatal("pgbouncer: the tests start it only on Linux, macOS and the BSDs")
	return nil
}

// URL returns "".
func (p *Pooler) URL(string) string { return "" }
