package federation

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// DanglingReference returns the detail of a reference at path to an item that doesn't
// exist.
func DanglingReference(path string, target Ref) tenancy.Detail {
	return tenancy.Detail{Path: path, Code: tenancy.CodeDanglingReference,
		Detail: "there is no " + target.Kind + " named " + target.Name}
}

// DanglingError returns [tenancy.CodeDanglingReference] with these details.
func DanglingError(details []tenancy.Detail) error {
	return ReferenceError(tenancy.CodeDanglingReference, details, "create it first")
}

// ReferenceError returns an error with details, sorted by path, at most 100 of them; if there
// are more, the member "truncated" is true. The message has the first detail and the advice. It
// returns nil if there are none.
func ReferenceError(code tenancy.Code, details []tenancy.Detail, advice string) error {
	if len(details) == 0 {
		return nil
	}
	sorted := slices.SortedStableFunc(slices.Values(details),
		func(a, b tenancy.Detail) int { return strings.Compare(a.Path, b.Path) })
	e := tenancy.Errorf(code, "%s: %s; %s", sorted[0].Path, sorted[0].Detail, advice)
	SetDetails(e, sorted)
	return e
}
