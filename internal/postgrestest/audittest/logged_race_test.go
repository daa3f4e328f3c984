//go:build race

package audittest

// logged is less than without the race detector, which takes ten times as long for each entry.
const logged = 20_000
