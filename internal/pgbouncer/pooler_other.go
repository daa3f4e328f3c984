//go:build !unix

package pgbouncer

import "testing"

// Pooler is a running PgBouncer. There is none on this operating system.
type Pooler struct{}

// Start fails t.
func Start(t testing.TB, _ ...string) *Pooler {
	t.Helper()
	t.Fatal("pgbouncer: the tests start it on Linux, macOS and the BSDs only")
	return nil
}

// URL is empty.
func (p *Pooler) URL(string) string { return "" }
