package promote

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// runs remembers of every staged item whether it is written. It is told in the
// order of the items and keeps only the places where the answer changes: an
// import into an empty tenant, or one that changes nothing, takes one entry
// whatever its size. It can be asked in any order.
type runs struct {
	starts []run
}

type run struct {
	first federation.Ref
	write bool
}

// add notes the decision on the next item.
func (r *runs) add(ref federation.Ref, write bool) {
	if n := len(r.starts); n > 0 && r.starts[n-1].write == write {
		return
	}
	// The clone lets go of the item that the name was cut from.
	first := federation.Ref{Kind: strings.Clone(ref.Kind), Name: strings.Clone(ref.Name)}
	r.starts = append(r.starts, run{first: first, write: write})
}

// lookup reports the decision on ref, which was added.
func (r *runs) lookup(ref federation.Ref) bool {
	i, exact := slices.BinarySearchFunc(r.starts, ref,
		func(r run, ref federation.Ref) int { return r.first.Compare(ref) })
	if exact {
		return r.starts[i].write
	}
	return i > 0 && r.starts[i-1].write
}
