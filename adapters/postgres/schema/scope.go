package schema

// Scope says how the tenant is sent with a statement that runs outside a transaction.
type Scope int

const (
	// Message sends the tenant before the statement in the same message, which costs no
	// round trip.
	Message Scope = iota

	// Transaction wraps the statement in a transaction of several messages, which begins
	// with the tenant. It is for engines that pass the tenant to their workers only this
	// way (Citus). Such engines allow no sub-select in policies either, so the policies call
	// bailiwick.current_tenant() directly: once per row where no index applies.
	Transaction
)
