package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Resources stores the items of a tenant, of the kinds that the store was made
// with. A kind that wasn't declared is [tenancy.CodeNotFound] in every method.
type Resources interface {
	// Get answers the resource; [tenancy.CodeNotFound] if tenant has none of
	// that name, also when another tenant has.
	Get(ctx context.Context, tenant tenancy.ID, ref federation.Ref) (federation.Resource, error)

	// List answers at most q.Limit resources of one kind in the order of their
	// names, byte by byte.
	List(ctx context.Context, tenant tenancy.ID, q ResourceQuery) ([]federation.Resource, error)

	// Put creates the item or replaces its labels and spec as a whole, and
	// answers what is stored and whether it is new. Ref, Labels and Spec are
	// taken from item; Version counts from 1 by one, UpdatedAt is the time of
	// the write. An item that doesn't fit its kind is what
	// [federation.Kinds.Check] says; a name that no item of the tenant has,
	// also when one of another tenant has it, is
	// [tenancy.CodeDanglingReference], with each place in Details; a condition
	// that doesn't hold is its error. The literal value of a secret is kept in
	// the tenant's vault and answered as a [federation.SecretRef]. A new item
	// beyond the tenant's quota of its kind is [tenancy.CodeQuotaExceeded] with
	// the members "kind" and "limit", however many are written at once; one that
	// is there can be replaced. A singleton isn't counted. Nothing is written on
	// an error.
	Put(ctx context.Context, tenant tenancy.ID, item federation.Item,
		cond Condition) (stored federation.Resource, created bool, err error)

	// Delete removes the resource. [tenancy.CodeNotFound] if there is none;
	// [tenancy.CodeReferenced] with member "referrers" ([]federation.Ref,
	// sorted) while another item refers to it; [tenancy.CodeNotDeletable] for a
	// singleton; a condition that doesn't hold is its error.
	Delete(ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond Condition) error
}

// ResourceQuery selects resources of one kind. Limit must be positive.
type ResourceQuery struct {
	Kind   string
	Search string            // a case-insensitive substring of the name or the description
	Labels map[string]string // all of these must be there with these values
	After  string            // only names behind this one
	Limit  int
}

// Condition makes a write depend on what is stored. The zero Condition always
// holds.
type Condition struct {
	// it must be this version, else [tenancy.CodeVersionMismatch]; also when there is nothing
	Version int64
	Exists  bool // it must be there, else [tenancy.CodeVersionMismatch]
	Absent  bool // it must not be there, else [tenancy.CodeAlreadyExists]
}
