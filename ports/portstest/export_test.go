package portstest

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
)

// Case is a case of a suite, for the tests of the suites.
type Case struct {
	Name, Says string
	Isolates   []string
	Check      func(ctx context.Context, s ports.Services) error
}

// Cases returns every case of every suite, named SUITE/CASE.
func Cases() []Case {
	var all []Case
	for _, s := range suites() {
		for _, c := range s.cases {
			all = append(all, Case{s.name + "/" + c.name, c.says, c.isolates, c.check})
		}
	}
	return all
}

// RightWrites returns the methods that write, and check the right of their call.
func RightWrites() []string {
	var methods []string
	for _, w := range rightWrites() {
		methods = append(methods, w.method)
	}
	return methods
}

// WithoutRight returns the methods that check no right.
func WithoutRight() map[string]string { return withoutRight() }
