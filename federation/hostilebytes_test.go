//go:build !race

package federation_test

// hostileBytes is the length of a hostile text.
const hostileBytes = 40 << 20
