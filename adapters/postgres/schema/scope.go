package schema

// Scope says how the tenant of a statement outside a transaction travels.
type Scope int

const (
	// Message sends it before the statement in one message, which costs no round
	// trip.
	Message Scope = iota

	// Transaction sends it at the beginning of a transaction of several messages
	// around the statement. It is for engines that send a scope to their workers
	// no other way (Citus). Their policies take no sub-select either, so the
	// policies ask for the tenant directly: once a row where no index serves.
	Transaction
)
