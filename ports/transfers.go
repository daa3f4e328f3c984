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
	//
	// from is the tenant that the items come from: the store remembers what the target has
	// taken from each ([Decision.Taken]). From the zero Source nothing is remembered.
	Stage(ctx context.Context, from federation.Source,
		items iter.Seq2[federation.Item, error]) error

	// StageMissing stages also what the target has taken from the source before, sel
	// selects, and the source no longer has: a [Pair] with Missing. The labels that count
	// are those of the content that was taken, and the names those of the source. References
	// don't count.
	StageMissing(ctx context.Context, sel Selection) error

	// Renames returns the items of the source that the target has under another name, and
	// that name.
	Renames(ctx context.Context) (map[federation.Ref]string, error)

	// Compare calls yield with each staged item in the order of
	// [federation.Ref.Compare], paired with the target's item of that ref, or of the name
	// that it was given when it was taken; Current is nil if there is none. It may be called
	// again. It stops at yield's first error and returns it. Callers need it only if a
	// decision depends on other items.
	Compare(ctx context.Context, yield func(Pair) error) error

	// Exists reports whether the target or the staged items have ref, or an item that was
	// taken from the source has it as its name in the target.
	Exists(ctx context.Context, ref federation.Ref) (bool, error)

	// Decide calls decide once with each pair, in the same order as Compare, and
	// keeps the decisions for Apply. It changes nothing in the tenant. It stops at
	// decide's first error and returns it. Two decisions that write one ref, and a
	// rename to the ref of another staged item that the source still has under that name,
	// are [tenancy.CodeInvalid].
	Decide(ctx context.Context, decide func(Pair) (Decision, error)) error

	// Apply writes what was decided; without Decide, it writes nothing. A reference to
	// an item that neither the target has nor this import writes is
	// [tenancy.CodeDanglingReference] with each place in Details (at most 100), whose
	// paths begin with /KIND/NAME. An item that this import writes and that comes back to
	// itself through a reference that isn't Cyclic is [tenancy.CodeCyclicReference] with the
	// same paths. An item that would be deleted and to which an item refers that stays is
	// [tenancy.CodeReferenced] with the paths /KIND/NAME of what would be deleted. New items
	// over the tenant's quota of their kind are [tenancy.CodeQuotaExceeded]. Apply returns the
	// references to secrets whose value is missing from the tenant's vault, sorted: those of
	// the written items, and of the target's items that the decisions leave as they are.
	//
	// Created items take Version and UpdatedAt from the bundle. Overwritten ones do so
	// if the bundle's version is greater than theirs; otherwise their version grows by
	// one and UpdatedAt is now. Pristine ones ([Pair]) are replaced as if they were
	// created.
	Apply(ctx context.Context) ([]federation.SecretUse, error)

	// Describe sets the details of the import's entry in the audit log.
	Describe(details map[string]any)
}

// Pair is a staged item and the target's item of the same ref, or of the name that the item was
// given when it was taken.
type Pair struct {
	Incoming federation.Item
	Missing  bool           // the source no longer has the item: Incoming has nothing but its Ref
	Target   federation.Ref // the item in the target
	Current  *federation.Item
	Base     *federation.Item // what was last taken from the source, as [Decision.Taken] had it

	// Current is a singleton that hasn't changed since the tenant was created
	Pristine bool
}

// Decision says what happens to a staged item. The zero Decision leaves it out.
type Decision struct {
	// Write creates or overwrites the item. If the source no longer has it, Write deletes the
	// target's item, if there is one, and forgets what was taken.
	Write bool

	// what is written: the staged item, perhaps renamed and with references rewritten, or
	// another content. Its Version and UpdatedAt take the place of the bundle's.
	Item federation.Item

	// Taken is the source's content that the target has from now on taken from it, under the
	// name and with the references that it has in the target. With nil, the store remembers
	// what it did before.
	Taken *federation.Item
}
