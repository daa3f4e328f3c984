package schema

// Table declares one table that tenants own. The migrator, the filter, the
// policy, export and import all read this one declaration.
//
// The table has a column tenant_id of type uuid. One with a Kind also has id
// (uuid), the Name column (text), labels (jsonb), spec (jsonb), version
// (integer or bigint), created_at and updated_at (timestamptz), and is unique
// in (tenant_id, name) and (tenant_id, id).
//
// In items of the kind, each further column of the model is a member of the
// spec with the column's name: required when it is notnull without a default,
// always answered when it is notnull, answered when it isn't NULL otherwise.
// A tag enum:"a,b" limits a string, minimum:"1" and maximum:"9" an integer.
// What no column holds is kept in the column spec.
type Table struct {
	// Model is a pointer to the bun model, nil allowed: (*Note)(nil).
	Model any

	// Mode says what becomes of statements for no tenant. Defaults to Enforce.
	Mode Mode

	// Kind names the items in bodies and bundles. Without a kind the table is
	// owned and walled, and travels only as part of others.
	Kind string

	// Path is the kind's segment in URLs. Defaults to the kind with hyphens and
	// an "s" behind it.
	Path string

	// Name is the column that names an item within its tenant. Defaults to
	// "name".
	Name string

	// Singleton makes this the name of the kind's only item, which is there
	// from the tenant's creation; the table is then unique in tenant_id and
	// has no Name column, and every other column has a default.
	Singleton string

	// Search are further columns, beside Name, that a list's q looks into.
	// Defaults to "description" where the model has one.
	Search []string

	// References are the foreign keys by which items name each other.
	References []Reference

	// Secrets are text columns whose values never leave.
	Secrets []string
}

// Reference declares a foreign key, or several that make one reference, as a
// member of the spec that holds names. Exactly one of Column, Columns and Join
// says where it is kept. Foreign keys are composite: (tenant_id, column).
type Reference struct {
	// Field is the member of the spec.
	Field string

	// Kind is what Column or Join refer to.
	Kind string

	// Column is a column of the table that refers to one item; the member holds
	// its name.
	Column string

	// Columns refer to one item of several kinds, at most one of them not NULL,
	// column by kind; the member holds {"kind", "name"}.
	Columns map[string]string

	// Join is a table that refers to many items; the member holds an array of
	// their names, in order.
	Join *Join

	// Lookup is a table without a kind whose rows are made as they are named;
	// Column refers to it.
	Lookup *Lookup
}

// Join declares a join table, which is owned as well.
type Join struct {
	Table    string // with its schema, if not the table's own
	From     string // the column that refers to the referring item
	To       string // the column that refers to the item named
	Position string // the column that keeps the order, from 0
}

// Lookup declares a table of names, owned as well: a name that isn't there is
// added when an item is written.
type Lookup struct {
	Table string // with its schema, if not the table's own
	ID    string // its key column; defaults to "id"
	Name  string // its name column, unique in the tenant; defaults to "name"
}

// TenantColumn is the column of every owned table that says whose a row is.
const TenantColumn = "tenant_id"
