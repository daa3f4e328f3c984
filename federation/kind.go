package federation

import "encoding/json"

// Type is the JSON type of a field.
type Type string

// The types of fields. Any accepts every JSON value.
const (
	String  Type = "string"
	Integer Type = "integer"
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	Object  Type = "object"
	Any     Type = "any"
)

// Field declares a member of a spec. Members that no Field or Reference declares
// are stored unchanged, unless the kind is Closed.
type Field struct {
	Name     string
	Type     Type
	Required bool     // absent or null is refused
	Enum     []string // if not empty, the only valid strings
	Minimum  *int64   // of an Integer
	Maximum  *int64   // of an Integer
	Secret   bool     // reads and exports contain a [SecretRef] instead of the value
	Format   Format   // of a String or a Number; empty: any value of the type

	// Default is the value of an absent or null member. An empty Default means
	// that there is none.
	Default json.RawMessage
}

// Reference declares a member of a spec that names other items of the same
// tenant.
type Reference struct {
	Field string // the member's name

	// Kinds are the kinds of the named items. With one kind the member is a
	// name; with more it is an object {"kind", "name"}.
	Kinds []string

	// Many makes the member an array of names without repetition. If the member
	// is absent and not Required, it is []. Many needs exactly one kind.
	Many bool

	// Unordered says that the order of a Many reference isn't stored. The names are
	// sorted, byte by byte.
	Unordered bool

	Required bool // absent or null is refused

	// Cyclic allows an item to come back to itself through this reference, directly or
	// through others of its kind. Otherwise that is [tenancy.CodeCyclicReference]: an agent
	// that extends itself has no end. It concerns only references to the own kind.
	Cyclic bool
}

// Kind describes the items of one kind.
type Kind struct {
	Name       string // in bodies and bundles: "mcp_server"
	Path       string // in URLs: "mcp-servers"
	Fields     []Field
	References []Reference

	// MarkedSecrets are values that the spec itself marks as secrets.
	MarkedSecrets []MarkedSecret

	NoLabels bool // labels are refused
	Closed   bool // members of a spec that no Field or Reference declares are refused

	// Singleton, if not empty, is the name of the kind's only item. That item
	// exists from the tenant's creation and can't be deleted.
	Singleton string
}

// MarkedSecret declares that the values of Members are secrets in each object of a spec, at any
// depth, whose member Marker is true. Values within arrays and objects are secrets too. A
// value is replaced by a [SecretRef], as that of a Secret field; null and the empty string
// aren't secrets.
type MarkedSecret struct {
	Marker  string   // such as isSecret
	Members []string // such as value and default
}
