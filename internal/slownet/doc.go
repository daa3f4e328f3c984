// Package slownet stands in for a network: a TCP proxy on the loopback interface
// that delays what it carries, for benchmarks of what round trips cost.
package slownet
