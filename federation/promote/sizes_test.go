//go:build !race

package promote_test

const (
	hostileBytes = 40 << 20 // the length of a hostile text
	generated    = 20_000   // the items of a great bundle
)
