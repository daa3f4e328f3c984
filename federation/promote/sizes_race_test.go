//go:build race

package promote_test

// They are less than without the race detector, with which all of it takes twenty times as long.
const (
	hostileBytes = 20 << 20
	generated    = 5_000
)
