package promote

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// runs stores for every staged item whether the import writes it, as run-length
// encoding: it keeps only the items at which the decision changes. An import into
// an empty tenant, or one that changes nothing, needs one entry whatever its size.
type runs struct {
	starts []run
}

// run is a sequence of items with the same decision.
type run struct {
	first federation.Ref
	write bool
}

// add adds the decision for the next item, in the order of the items.
func (r *runs) add(ref federation.Ref, write bool) {
	if n := len(r.starts); n > 0 && r.starts[n-1].write == write {
		return
	}
	// Without the clone the entry would keep the memory of the whole item.
	first := federation.Ref{Kind: strings.Clone(ref.Kind), Name: strings.Clone(ref.Name)}
	r.starts = append(r.starts, run{first: first, write: write})
}

// lookup returns the decision for ref, which must have been added. It may be
// called in any order.
func (r *runs) lookup(ref federation.Ref) bool {
	i, exact := slices.BinarySearchFunc(r.starts, ref,
		func(r run, ref federation.Ref) int { return r.first.Compare(ref) })
	if exact {
		return r.starts[i].write
	}
	return i > 0 && r.starts[i-1].write
}
