package federation

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

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

// BeforeDeletion is the advice of an error with details of [StillReferenced].
const BeforeDeletion = "change what refers to it first, or import without prune"

// StillReferenced returns the detail about an item that an import would delete, and an item that
// refers to it and stays.
func StillReferenced(deleted, referrer Ref) tenancy.Detail {
	return tenancy.Detail{Path: deleted.Pointer(), Code: tenancy.CodeReferenced,
		Detail: referrer.Kind + " " + referrer.Name + " still refers to it"}
}

// RenameCollision returns the error with [tenancy.CodeInvalid] of an import that would write the
// item ref twice, or under the name of another item of the bundle.
func RenameCollision(ref Ref) error {
	return tenancy.Errorf(tenancy.CodeInvalid, "%s %q would be written twice: choose another name",
		ref.Kind, ref.Name)
}
