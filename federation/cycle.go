package federation

import (
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// AcyclicReferences returns the references of the kind to itself through which no item
// may come back to itself; see [Reference.Cyclic].
func (k Kind) AcyclicReferences() []Reference {
	var found []Reference
	for _, r := range k.References {
		if !r.Cyclic && slices.Contains(r.Kinds, k.Name) {
			found = append(found, r)
		}
	}
	return found
}

// Within returns those of an item's targets that the reference makes to items of kind.
func (r Reference) Within(kind string, targets []Target) []Target {
	path := r.path()
	var own []Target
	for _, t := range targets {
		rest, ok := strings.CutPrefix(t.Path, path)
		if ok && (rest == "" || rest[0] == '/') && t.Ref.Kind == kind {
			own = append(own, t)
		}
	}
	return own
}

func (r Reference) path() string {
	return string(jsontext.Pointer("/spec").AppendToken(r.Field))
}

// CyclicReference returns the detail of a reference through which an item comes back to
// itself. prefix is the item's place, "" for the item itself.
func CyclicReference(prefix string, r Reference) tenancy.Detail {
	return tenancy.Detail{Path: prefix + r.path(), Code: tenancy.CodeCyclicReference,
		Detail: "refers to the item itself, directly or through other items"}
}

// CyclicError returns [tenancy.CodeCyclicReference] with these details, sorted by path, at
// most 100 of them. It returns nil if there are none.
func CyclicError(details []tenancy.Detail) error {
	return ReferenceError(tenancy.CodeCyclicReference, details, "remove one of the references")
}

// Edge is a reference from one node to another.
type Edge struct{ From, To string }

// Rings returns the nodes that are on a ring of edges, or on a path between two rings.
func Rings(edges []Edge) map[string]bool {
	edges = peel(edges) // no edge leads to an end
	for i, e := range edges {
		edges[i] = Edge{e.To, e.From}
	}
	on := map[string]bool{}
	for _, e := range peel(edges) { // no edge comes from a beginning
		on[e.From] = true
	}
	return on
}

// peel returns the edges that are left when nodes without an edge to another one are
// taken away until there are none.
func peel(edges []Edge) []Edge {
	leaving, into := map[string]int{}, map[string][]string{}
	for _, e := range edges {
		leaving[e.From]++
		into[e.To] = append(into[e.To], e.From)
	}
	var ends []string
	for node := range into {
		if leaving[node] == 0 {
			ends = append(ends, node)
		}
	}
	for len(ends) > 0 {
		end := ends[len(ends)-1]
		ends = ends[:len(ends)-1]
		for _, from := range into[end] {
			if leaving[from]--; leaving[from] == 0 {
				ends = append(ends, from)
			}
		}
	}
	var left []Edge
	for _, e := range edges {
		if leaving[e.From] > 0 && leaving[e.To] > 0 {
			left = append(left, e)
		}
	}
	return left
}
