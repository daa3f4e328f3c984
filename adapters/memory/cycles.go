package memory

import (
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkCycles returns an error if a written row comes back to itself through a reference
// of its kind that must not. all are the rows after the write, and prefix returns the
// place of a written row in the error.
func (s *Store) checkCycles(
	written []row, all iter.Seq[row], prefix func(federation.Ref) string,
) error {
	var details []tenancy.Detail
	for _, kind := range s.kinds.All() {
		for _, reference := range kind.AcyclicReferences() {
			details = append(details,
				cyclicDetails(kind.Name, reference, written, all, prefix)...)
		}
	}
	return federation.CyclicError(details)
}

func cyclicDetails(
	kind string, reference federation.Reference, written []row, all iter.Seq[row],
	prefix func(federation.Ref) string,
) []tenancy.Detail {
	var referring []row
	for _, r := range written {
		if r.Kind == kind && len(reference.Within(kind, r.targets)) > 0 {
			referring = append(referring, r)
		}
	}
	if len(referring) == 0 {
		return nil
	}
	var edges []federation.Edge
	for r := range all {
		if r.Kind != kind {
			continue
		}
		for _, t := range reference.Within(kind, r.targets) {
			edges = append(edges, federation.Edge{From: r.Name, To: t.Ref.Name})
		}
	}
	rings := federation.Rings(edges)
	var details []tenancy.Detail
	for _, r := range referring {
		if rings[r.Name] {
			details = append(details, federation.CyclicReference(prefix(r.Ref), reference))
		}
	}
	return details
}
