package federation

import "encoding/json"

// Type is the JSON type of a field.
type Type string

// The types that a field can have. Any admits every JSON value.
const (
	String  Type = "string"
	Integer Type = "integer"
	Number  Type = "number"
	Boolean Type = "boolean"
	Array   Type = "array"
	Object  Type = "object"
	Any     Type = "any"
)

// Field is a member of a spec that the kind knows. Members that no field
// describes are kept as they are.
type Field struct {
	Name     string
	Type     Type
	Required bool     // absent or null is refused
	Enum     []string // the only strings admitted, when not empty
	Minimum  *int64   // of an Integer
	Maximum  *int64   // of an Integer
	Secret   bool     // the value never leaves: see [SecretRef]

	// Default is what an absent or null member means and is answered as, when
	// not empty.
	Default json.RawMessage
}

// Reference is a member of a spec that names other items of the same tenant.
type Reference struct {
	Field string
	Kinds []string // with one kind the member holds a name; with more it holds {"kind", "name"}
	// the member is an array of names, without repetition, [] when absent; needs exactly one kind
	Many     bool
	Required bool // absent or null is refused
}

// Kind describes the items of one kind.
type Kind struct {
	Name       string // in bodies and bundles: "mcp_server"
	Path       string // in URLs: "mcp-servers"
	Fields     []Field
	References []Reference
	// when not empty, the name of the kind's only item: there from the tenant's creation, not deletable
	Singleton string
}
