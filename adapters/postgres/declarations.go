package postgres

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/scoped"
)

// What a host names in its declaration and uses in its handlers; the packages schema
// and scoped say what they are.
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
