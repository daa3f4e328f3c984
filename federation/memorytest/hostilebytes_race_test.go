//go:build race

package memorytest_test

// hostileBytes is less than without the race detector, which reads twenty times as slowly.
const hostileBytes = 20 << 20
