package ports

import (
	"context"
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Transfers moves the configuration of a tenant out and in, as a stream: the
// memory that it takes doesn't grow with the number of items.
type Transfers interface {
	// Export calls yield with every item of tenant that sel admits, from one
	// snapshot, in the order of [federation.Ref.Compare], sealed, secrets
	// replaced by their [federation.SecretRef]. It ends with yield's first
	// error and answers that.
	Export(ctx context.Context, tenant tenancy.ID, sel Selection,
		yield func(federation.Item) error) error

	// Import runs fn in one transaction: what fn did happens wholly when it
	// answers nil, and not at all when it answers an error, which Import then
	// answers too. Two imports into one tenant never overlap. One that applied
	// leaves one entry in the audit log, bundle.import; any other leaves none.
	Import(ctx context.Context, tenant tenancy.ID, fn func(Import) error) error
}

// Selection says which items to export. Its zero value selects all.
type Selection struct {
	// only these, when not empty; a kind that wasn't declared is [tenancy.CodeInvalid]
	Kinds  []string
	Labels map[string]string // all of these must be there with these values
}

// Import is one import under way. Its methods are called in the order in which
// they stand here, each once, by one goroutine; Exists any time after Stage.
type Import interface {
	// Stage takes the incoming items, in any order, each ref once (else
	// [tenancy.CodeInvalid]), checked and sealed by the caller. It ends with
	// the first error of items and answers that.
	Stage(ctx context.Context, items iter.Seq2[federation.Item, error]) error

	// Compare calls yield with each staged item in the order of
	// [federation.Ref.Compare] beside the target's item of that ref, which is
	// nil if there is none. It may be called again.
	Compare(ctx context.Context, yield func(Pair) error) error

	// Exists reports whether the target or the staged items have ref.
	Exists(ctx context.Context, ref federation.Ref) (bool, error)

	// Apply decides each staged item with decide and writes it. A name that
	// neither the target nor an item written now has is
	// [tenancy.CodeDanglingReference] with each place in Details (at most 100)
	// whose paths begin with /KIND/NAME. New items beyond the tenant's quota of
	// their kind are [tenancy.CodeQuotaExceeded]. It answers the references to secrets
	// whose value the tenant's vault lacks, sorted.
	//
	// Created items take Version and UpdatedAt from the bundle. Overwritten
	// ones do so when the bundle's version is greater than theirs; otherwise
	// one is added to their version and the time is now. Pristine ones
	// ([Pair]) are replaced as if they were created.
	Apply(ctx context.Context,
		decide func(federation.Item) (Decision, error)) ([]federation.SecretUse, error)

	// Describe gives the details of the import's entry in the audit log.
	Describe(details map[string]any)
}

// Pair is a staged item beside what the target has under the same ref.
type Pair struct {
	Incoming federation.Item
	Current  *federation.Item
	Pristine bool // Current is a singleton that nobody changed since the tenant was created
}

// Decision says what becomes of a staged item. The zero Decision leaves it
// out.
type Decision struct {
	Write bool // create or overwrite it
	// what is written: the staged item, perhaps renamed and with references rewritten
	Item federation.Item
}
