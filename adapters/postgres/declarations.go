package postgres

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/scoped"
)

// Types of the packages schema and scoped: a host declares its tables with the first ones
// and uses the others in its handlers. Their documentation is in those packages.
type (
	Table     = schema.Table
	Reference = schema.Reference
	Join      = schema.Join
	Lookup    = schema.Lookup
	Mode      = schema.Mode
	Scope     = schema.Scope

	Scoped      = scoped.Handle
	Observation = scoped.Observation
)

// The values of [Mode] and [Scope].
const (
	Enforce = schema.Enforce
	Observe = schema.Observe

	Message     = schema.Message
	Transaction = schema.Transaction
)
