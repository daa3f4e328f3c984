package ports

import (
	"context"
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Transfers exports and imports the configuration of a tenant as a stream: the
// memory that it takes doesn't grow with the number of items.
type Transfers interface {
	// Export calls yield with every item of the tenant that matches sel, each once, from one
	// snapshot, in the order of [federation.Ref.Compare], sealed, with secrets
	// replaced by their [federation.SecretRef]. It stops at yield's first error and
	// returns it.
	Export(ctx context.Context, tenant tenancy.ID, sel Selection,
		yield func(federation.Item) error) error

	// Import runs fn in one transaction: if fn returns nil, everything that it did is
	// stored; if fn returns an error, nothing is stored, and Import returns that
	// error. Two imports into one tenant never overlap. An import that applied leaves
	// one entry in the audit log, bundle.import; any other leaves none.
	Import(ctx context.Context, tenant tenancy.ID, fn func(Import) error) error
}

// Selection says which items to export. Its zero value selects all.
type Selection struct {
	// only these kinds, unless empty; an undeclared kind is [tenancy.CodeInvalid]
	Kinds []string

	// only items with one of these names, unless empty; a name that no selected item has is
	// [tenancy.CodeNotFound] with the member "names" ([]string, sorted), before yield is called
	Names []string

	Labels map[string]string // only items that have all these labels with these values

	// also every item to which a selected one refers, directly or through others, whatever its
	// kind, its name and its labels
	WithReferences bool
}

// Import is an import in progress. Its methods are called in the order of their
// declaration, each once, by one goroutine; Compare any number of times, Exists any
// time after Stage.
type Import interface {
	// Stage takes the incoming items, in any order, each ref once (else
	// [tenancy.CodeInvalid]), checked and sealed by the caller. It stops at the first
	// error of items and returns it. A version that leaves no room for later writes is
	// [tenancy.CodeInvalid] with the path /KIND/NAME/version; [federation.MaxVersion] is
	// the greatest that a store accepts.
	Stage(ctx context.Context, items iter.Seq2[federation.Item, error]) error

	// Compare calls yield with each staged item in the order of
	// [federation.Ref.Compare], paired with the target's item of that ref, which is
	// nil if there is none. It may be called again. It stops at yield's first error and
	// returns it. Callers need it only if a decision depends on other items.
	Compare(ctx context.Context, yield func(Pair) error) error

	// Exists reports whether the target or the staged items have ref.
	Exists(ctx context.Context, ref federation.Ref) (bool, error)

	// Decide calls decide once with each pair, in the same order as Compare, and
	// keeps the decisions for Apply. It changes nothing in the tenant. It stops at
	// decide's first error and returns it. Two decisions that write one ref, and a
	// rename to the ref of another staged item, are [tenancy.CodeInvalid].
	Decide(ctx context.Context, decide func(Pair) (Decision, error)) error

	// Apply writes what was decided; without Decide, it writes nothing. A reference to
	// an item that neither the target has nor this import writes is
	// [tenancy.CodeDanglingReference] with each place in Details (at most 100), whose
	// paths begin with /KIND/NAME. An item that this import writes and that comes back to
	// itself through a reference that isn't Cyclic is [tenancy.CodeCyclicReference] with the
	// same paths. New items over the tenant's quota of their kind are
	// [tenancy.CodeQuotaExceeded]. Apply returns the references to secrets whose value
	// is missing from the tenant's vault, sorted: those of the written items, and of
	// the target's items that the decisions leave as they are.
	//
	// Created items take Version and UpdatedAt from the bundle. Overwritten ones do so
	// if the bundle's version is greater than theirs; otherwise their version grows by
	// one and UpdatedAt is now. Pristine ones ([Pair]) are replaced as if they were
	// created.
	Apply(ctx context.Context) ([]federation.SecretUse, error)

	// Describe sets the details of the import's entry in the audit log.
	Describe(details map[string]any)
}

// Pair is a staged item and the target's item of the same ref.
type Pair struct {
	Incoming federation.Item
	Current  *federation.Item
	Pristine bool // Current is a singleton that hasn't changed since the tenant was created
}

// Decision says what happens to a staged item. The zero Decision leaves it out.
type Decision struct {
	Write bool // create or overwrite the item
	// what is written: the staged item, perhaps renamed and with references rewritten
	Item federation.Item
}
