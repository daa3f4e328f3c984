package memory

import (
	"strings"

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
		if exists(target.Ref) {
			continue
		}
		details = append(details, tenancy.Detail{
			Path:   prefix + target.Path,
			Code:   tenancy.CodeDanglingReference,
			Detail: "there is no " + target.Ref.Kind + " named " + target.Ref.Name,
		})
	}
	return details
}

// danglingError returns nil for no details.
func danglingError(details []tenancy.Detail) error {
	if len(details) == 0 {
		return nil
	}
	e := tenancy.Errorf(tenancy.CodeDanglingReference, "%s: %s; create it first", details[0].Path,
		details[0].Detail)
	e.Details = details
	return e
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

// escapePointer escapes s as one token of a JSON Pointer (RFC 6901).
func escapePointer(s string) string { return pointerEscaper.Replace(s) }

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")
