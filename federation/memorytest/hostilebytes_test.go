//go:build !race

package memorytest_test

// hostileBytes is the length of a hostile text.
const hostileBytes = 40 << 20
