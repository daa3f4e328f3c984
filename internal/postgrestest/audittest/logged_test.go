//go:build !race

package audittest

// logged is how many entries acme's log has before the database appends one.
const logged = 100_000
