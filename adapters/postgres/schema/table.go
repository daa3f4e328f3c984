package schema

import "github.com/bailiwick-go/bailiwick/federation"

// Table declares one table that tenants own. The migrations, the filter, the policy, export
// and import all use this declaration.
//
// The table has a column TenantColumn of type uuid. A table with a Kind also has the columns id,
// Name (text), created_at and updated_at (timestamptz), and unique constraints on
// (tenant_id, name) and (tenant_id, id). A unique constraint on id alone will do as well.
//
// Three more columns are optional; postgres.Open logs which of them a table lacks.
//   - Without labels (jsonb) items have no labels: a write with labels is invalid, and no list
//     finds an item by a label.
//   - Without spec (jsonb) every member of a spec must be a column of the model; another one is
//     refused as an unknown field.
//   - Without version (integer or bigint) an item's version is the time of its last write, in
//     microseconds since 1970, which a trigger makes greater with each write. ETags work as ever.
//     But the version doesn't count changes, an import keeps its time instead of its version, and
//     a bundle with such versions can't be imported where version is an integer.
//
// The id is a uuid, a number (bigint, integer or smallint) or a text. The library makes UUIDv7
// for uuid, and for a text without a default. A number needs a default or is an identity
// column: the database makes it, as it makes a text with a default. A number that is the primary
// key without tenant_id lets SQL of one tenant find out which numbers are taken, so that
// postgres.Open warns of it. Neither exports nor imports contain ids.
//
// A field with bun's tag soft_delete (a pointer, or with nullzero) marks deleted rows, and the
// routes of the kind don't show them: a DELETE sets the column, a reference to a deleted item is
// one to a missing item, and quotas count the other rows. A unique index on (tenant_id, name)
// may leave out deleted rows (WHERE deleted_at IS NULL): a new item of the name is then a new
// row. Otherwise it takes the deleted row's place, with its id and a greater version. A row
// that is deleted for good must not be referred to by deleted rows either.
//
// In items of the kind, each further column of the model is a member of the spec with the
// column's name. The member is required when the column is notnull and has no default. An absent
// member has the default of a notnull column: that of its tag, such as default:now(). Where the
// default isn't a constant, the database fills it when the item is created, and a later write
// without the member keeps it. An absent member of another column is NULL. A member is
// always present in responses when the column is notnull, and otherwise when the value isn't
// NULL. The struct tag enum:"a,b" limits a string to these values; minimum:"1" and
// maximum:"9" limit an integer. Members of the spec without a column are stored in the
// column spec.
type Table struct {
	// Model is a pointer to the bun model. The pointer may be nil: (*Note)(nil).
	Model any

	// TenantColumn is the column with the id of the row's tenant, such as org_id. Its type is
	// uuid. The name consists of letters, digits, spaces, _, - and $, and is written as it is:
	// with quotes in SQL if it isn't tenant_id. An adoption can't add another column than
	// tenant_id. Defaults to [DefaultTenantColumn].
	TenantColumn string

	// Mode says what happens to statements without a tenant. Defaults to Enforce.
	Mode Mode

	// Kind names the items of the table in request bodies and bundles. A table without a
	// kind is isolated by row security, but exported only as part of other items.
	Kind string

	// Path is the kind's segment in URLs. Defaults to the kind, with hyphens and with an
	// "s" added.
	Path string

	// Name is the column that names an item within its tenant. Defaults to "name".
	Name string

	// Singleton is the name of the kind's only item, which exists from the creation of the
	// tenant. Such a table has a unique constraint on TenantColumn and no Name column, and
	// every other column has a default.
	Singleton string

	// Search lists columns that a list's parameter q searches in addition to Name. Defaults
	// to "description" where the model has such a column.
	Search []string

	// References are the foreign keys by which items refer to each other.
	References []Reference

	// Secrets are text columns whose values are never returned or exported.
	Secrets []string

	// MarkedSecrets are values in the column spec that the spec itself marks as secrets.
	MarkedSecrets []federation.MarkedSecret

	// Unaudited says that the host's own writes leave no entries in the audit log. It concerns
	// only a table with a Kind.
	//
	// Without it, each statement of the host that writes rows of the table, raw SQL too, leaves
	// one entry in its transaction: rows.insert, rows.update or rows.delete, with the table, the
	// kind, the number of rows, and the actor and the request of the context with which the
	// transaction began. A statement that can't be recorded fails. What the library writes
	// itself (items, imports, purges, migrations) has the library's own entries; what a trigger
	// of the host writes meanwhile has none.
	//
	// The entries join the tenant's chain when the transaction commits: a transaction that
	// writes such a table locks the end of the chain during its COMMIT, so that the tenant's
	// writers commit one after the other. A table of counters or of many small writes may want
	// Unaudited for that reason.
	Unaudited bool
}

// Reference declares a foreign key as a member of the spec that holds names instead of ids.
// Several foreign keys can form one reference (Columns). Exactly one of Column, Columns and
// Join says where the reference is stored. Foreign keys are composite: (tenant_id, column), with
// the TenantColumn of each table.
type Reference struct {
	// Field is the member of the spec.
	Field string

	// Kind is the kind that Column or Join refers to.
	Kind string

	// Column refers to one item; the member holds the item's name.
	Column string

	// Columns maps each kind that the reference allows to its column. At most one of the
	// columns is not NULL. The member holds {"kind", "name"}.
	Columns map[string]string

	// Join is a table that refers to many items; the member holds an array of their names,
	// in order.
	Join *Join

	// Lookup is a table without a kind, to which Column refers. A name that the table lacks
	// is inserted when an item uses it.
	Lookup *Lookup

	// Cyclic allows an item to come back to itself through this reference; see
	// [federation.Reference]. It concerns only references of a kind to itself.
	Cyclic bool
}

// Join declares a join table. Tenants own its rows too.
type Join struct {
	Table string // with its schema, if it isn't the schema of the referring table
	From  string // the column with the id of the referring item
	To    string // the column with the id of the item that is referred to

	// Position is the column with the position in the array, from 0. Without it the array has
	// no order: it is sorted by name.
	Position string

	// TenantColumn is as in [Table]. Defaults to the one of the table's own declaration, or to
	// that of the referring table.
	TenantColumn string
}

// Lookup declares a table of names. Tenants own its rows too. A name that the table lacks is
// inserted when an item is written.
type Lookup struct {
	Table string // with its schema, if it isn't the schema of the referring table
	ID    string // the key column; defaults to "id"
	Name  string // the name column, unique within a tenant; defaults to "name"

	// TenantColumn is as in [Join].
	TenantColumn string
}

// DefaultTenantColumn is the column with the id of the row's tenant in a table whose declaration
// names no other.
const DefaultTenantColumn = "tenant_id"
