package memory

import (
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// danglingDetails returns a detail for each target that doesn't exist, with prefix
// before its path.
func danglingDetails(
	prefix string, targets []federation.Target, exists func(federation.Ref) bool,
) []tenancy.Detail {
	var details []tenancy.Detail
	for _, target := range targets {
		if !exists(target.Ref) {
			details = append(details,
				federation.DanglingReference(prefix+target.Path, target.Ref))
		}
	}
	return details
}

// referrers returns the other items that refer to ref, sorted.
func (d *tenantData) referrers(ref federation.Ref) []federation.Ref {
	var refs []federation.Ref
	for _, r := range d.snapshot(func(r row) bool { return r.Ref != ref && refersTo(r, ref) }) {
		refs = append(refs, r.Ref)
	}
	return refs
}

// refersTo reports whether r has a reference to ref.
func refersTo(r row, ref federation.Ref) bool {
	for _, target := range r.targets {
		if target.Ref == ref {
			return true
		}
	}
	return false
}
