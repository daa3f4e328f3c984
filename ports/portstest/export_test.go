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
