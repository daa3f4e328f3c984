package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Resources stores the items of a tenant, of the kinds that the store was created
// with. An undeclared kind is [tenancy.CodeNotFound] in every method.
type Resources interface {
	// Get returns the resource; [tenancy.CodeNotFound] if the tenant has none of that
	// name, even if another tenant has one.
	Get(ctx context.Context, tenant tenancy.ID, ref federation.Ref) (federation.Resource, error)

	// List returns at most q.Limit resources of one kind in the order of their names,
	// byte by byte.
	List(ctx context.Context, tenant tenancy.ID, q ResourceQuery) ([]federation.Resource, error)

	// Put creates the item or replaces its labels and spec as a whole, and returns
	// the stored resource and whether it is new. It takes Ref, Labels and Spec from
	// item; Version starts at 1 and grows by one; UpdatedAt is the time of the write.
	// Names are stored in the form of [federation.NormalName]: two spellings of one name
	// are one item.
	// If the item doesn't fit its kind, Put returns the error of
	// [federation.Kinds.Check]; a reference to an item that the tenant doesn't have,
	// even if another tenant has one of that name, is [tenancy.CodeDanglingReference],
	// with each place in Details; if the item comes back to itself through a reference
	// that isn't Cyclic, whatever is written at once, it is [tenancy.CodeCyclicReference];
	// if cond doesn't hold, the error is the one of the
	// condition. The literal value of a secret is stored in the tenant's vault and
	// returned as a [federation.SecretRef]. A new item over the tenant's quota of its
	// kind is [tenancy.CodeQuotaExceeded] with the members "kind" and "limit", however
	// many are written at once; an existing item can be replaced. A singleton isn't
	// counted. If the stored item has these labels, this spec and these values of
	// secrets already, Put writes nothing, not even an audit entry, and returns the
	// stored resource with created = false. On an error nothing is written.
	Put(ctx context.Context, tenant tenancy.ID, item federation.Item,
		cond Condition) (stored federation.Resource, created bool, err error)

	// Delete removes the resource. [tenancy.CodeNotFound] if there is none;
	// [tenancy.CodeReferenced] with the member "referrers" ([]federation.Ref, sorted)
	// while another item refers to it; [tenancy.CodeNotDeletable] for a singleton,
	// which [tenancy.CodeNotFound] precedes if the name isn't the singleton's; if
	// cond doesn't hold, the error is the one of the condition.
	Delete(ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond Condition) error

	// Referrers returns at most limit of the other items that refer to the item, after the
	// item named after, in the order of their kinds, then of their names, byte by byte; each
	// once, however often it refers. If the tenant has no such item, the error is
	// [tenancy.CodeNotFound].
	Referrers(ctx context.Context, tenant tenancy.ID, ref, after federation.Ref,
		limit int) ([]federation.Ref, error)

	// SecretUses returns at most q.Limit of the secrets to which the tenant's items refer, those
	// after the name q.After, in the order of their names, byte by byte. Each has its first
	// q.Uses references, in the order of [federation.SecretUse.Compare].
	SecretUses(ctx context.Context, tenant tenancy.ID, q SecretQuery) ([]UsedSecret, error)

	// Count counts the tenant's items of each kind of most, up to the number there: a kind that
	// has more has that number in the result.
	Count(ctx context.Context, tenant tenancy.ID, most map[string]int64) (map[string]int64, error)
}

// ResourceQuery selects resources of one kind. Limit must be positive.
type ResourceQuery struct {
	Kind   string
	Search string            // a case-insensitive substring of the name or the description
	Labels map[string]string // only items that have all these labels with these values
	After  string            // only names after this one
	Limit  int
}

// SecretQuery selects secrets to which items refer. Limit and Uses must be positive.
type SecretQuery struct {
	After string // only names after this one
	Limit int
	Uses  int
}

// UsedSecret is a secret to which items refer. It may have no value.
type UsedSecret struct {
	Name string
	Uses []federation.SecretUse
	More bool // there are more references than Uses has
}

// Condition makes a write depend on what is stored. The zero Condition always
// holds.
type Condition struct {
	// the item must have this id, else [tenancy.CodeVersionMismatch]; also if it doesn't
	// exist, or was deleted and made anew under its name
	ID string
	// the item must have this version, else [tenancy.CodeVersionMismatch]; also if it
	// doesn't exist
	Version int64
	Exists  bool // the item must exist, else [tenancy.CodeVersionMismatch]
	Absent  bool // the item must not exist, else [tenancy.CodeAlreadyExists]
}

// Check returns the error of the part of c that doesn't hold for the item ref, whose stored
// id and version are given: "" and 0 if it doesn't exist.
func (c Condition) Check(ref federation.Ref, id string, version int64) error {
	exists := id != ""
	switch {
	case c.Absent && exists:
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "%s %q exists already", ref.Kind, ref.Name)
	case (c.Exists || c.ID != "" || c.Version != 0) && !exists:
		return tenancy.Errorf(tenancy.CodeVersionMismatch, "the item doesn't exist")
	case c.ID != "" && c.ID != id:
		return tenancy.Errorf(tenancy.CodeVersionMismatch,
			"the item was made anew since it was read: read it again")
	case c.Version != 0 && c.Version != version:
		return tenancy.VersionMismatch("it", version)
	}
	return nil
}
