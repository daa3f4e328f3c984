package federation

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// maxDangling is the most references that an error lists.
const maxDangling = 100

// ItemNotFound returns the error with [tenancy.CodeNotFound] of a store that doesn't have the
// item.
func ItemNotFound(ref Ref) error {
	return tenancy.Errorf(tenancy.CodeNotFound, "there is no %s named %q", ref.Kind, ref.Name)
}

// CheckDelete returns an error with [tenancy.CodeNotDeletable] if the items of the kind can't be
// deleted.
func (k Kind) CheckDelete() error {
	if k.Singleton == "" {
		return nil
	}
	return tenancy.Errorf(tenancy.CodeNotDeletable,
		"every tenant has one %s, which can't be deleted; change it instead", k.Name)
}

// DanglingDetail describes a reference at path, a JSON Pointer, to an item that doesn't exist.
func DanglingDetail(path string, missing Ref) tenancy.Detail {
	return tenancy.Detail{Path: path, Code: tenancy.CodeDanglingReference,
		Detail: "there is no " + missing.Kind + " named " + missing.Name}
}

// DanglingError returns the error of items that refer to items that don't exist. It sorts
// details by their paths, and lists at most 100 of them. No details are no error.
func DanglingError(details []tenancy.Detail) error {
	if len(details) == 0 {
		return nil
	}
	slices.SortFunc(details,
		func(a, b tenancy.Detail) int { return strings.Compare(a.Path, b.Path) })
	e := tenancy.Errorf(tenancy.CodeDanglingReference, "%s: %s; create it first",
		details[0].Path, details[0].Detail)
	e.Details = details[:min(len(details), maxDangling)]
	return e
}

// CheckReferrers returns an error with [tenancy.CodeReferenced] if other items refer to ref,
// which then can't be deleted. It sorts the referrers.
func CheckReferrers(ref Ref, referrers []Ref) error {
	if len(referrers) == 0 {
		return nil
	}
	slices.SortFunc(referrers, Ref.Compare)
	e := tenancy.Errorf(tenancy.CodeReferenced,
		"%s %q is still referred to; change its referrers first", ref.Kind, ref.Name)
	e.Members = map[string]any{"referrers": referrers}
	return e
}

// InvalidSecret returns the error of a secret field that has neither a text nor a reference.
func InvalidSecret(field string) error {
	return tenancy.Errorf(tenancy.CodeInvalid,
		"%s is a secret: write a string or {\"$secret\": \"<name>\"}", field)
}
