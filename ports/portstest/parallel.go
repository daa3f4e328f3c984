package portstest

import (
	"sync"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// atOnce makes n calls of do at the same time, and returns their errors.
func atOnce(n int, do func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			errs[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return errs
}

// countCodes counts errors by code; nil counts under the empty code.
func countCodes(errs []error) map[tenancy.Code]int {
	counts := map[tenancy.Code]int{}
	for _, err := range errs {
		counts[tenancy.CodeOf(err)]++
	}
	return counts
}

// overwrite changes memory that a store must not share.
func overwrite(b []byte) {
	for i := range b {
		b[i] = 'x'
	}
}
