// Package slownet simulates a network by a TCP proxy on the loopback interface that delays what it
// carries, for benchmarks of the cost of round trips.
package slownet
