package adoption

// Database describes what a single-tenant database has in addition to the declared tables,
// and what becomes of it. All rows become the default tenant's.
//
// Tables are named as in SQL, without quotes, and with their schema where it isn't Options.Schema
// (package postgres). Objects that a fresh installation also has, and names that PostgreSQL chose
// (agents_name_key), get the names that they have in a fresh installation.
type Database struct {
	// Owned are further tables whose rows belong to a tenant. They get the column tenant_id
	// and row security. The application's role gets no access to them.
	Owned []string

	// Primary maps a table to the columns of its new primary key after tenant_id. It is
	// needed only where these aren't the columns of the old key.
	PrimaryKeys map[string][]string

	// ReplacedTriggers are the names of triggers that count versions. The library's trigger replaces
	// them.
	ReplacedTriggers []string

	// Indexes are the indexes that the tables get or that change. An existing index of the
	// same name and with another definition is replaced in the phase Contract.
	Indexes []Index

	// Views are the views that get a column tenant_id. Other views are left unchanged.
	Views []View

	// Steps are the host's steps, in order. They run before the library's steps in the
	// phase Expand and after them in the phase Contract.
	Steps []Step

	// Users describes the users, who become members of the default tenant: administrators
	// with the role admin, all others with the role editor.
	Users *Users

	// Keys describes the API keys. They stay valid, in the default tenant and with the role
	// of their user. Keys needs Users.
	Keys *Keys

	// Baseline is the name of the last of Options.Migrations (package postgres) whose result
	// the adopted tables already have. It and the migrations before it are recorded as
	// applied and don't run. Defaults to all migrations.
	Baseline string
}

// Index is an index of an adopted table.
type Index struct {
	Table, Name string
	Definition  string // from USING on: "USING btree (tenant_id, type) WHERE enabled"
}

// View is a view on adopted tables.
type View struct {
	Name       string
	Definition string // a SELECT whose last column is tenant_id; tables as in Step
}

// Step is one of the host's steps. Its statements run in one transaction, with the session's
// search path and a short lock_timeout. The step is retried when it doesn't get a lock.
type Step struct {
	Name   string
	Phase  Phase
	Done   string // an SQL condition that is true when nothing is left to do
	Undone string // an SQL condition that is true when the step has no effect in the database
	Up     string // the SQL statements of the step
	Down   string // the SQL statements that revert Up
	Lock   string // the strongest lock that the step takes, for the plan
}

// Users names the table of users and its columns. Admin is a boolean column. ID is a column
// of type uuid, or of another type whose values are hashed to a uuid.
type Users struct {
	Table                            string
	ID, Email, Name, Password, Admin string
}

// Keys names the table of API keys and its columns. Hash holds the SHA-256 of a key.
// LastUsedAt and RevokedAt are "" when the table has no such column. A revoked key isn't
// adopted.
type Keys struct {
	Table                                                  string
	ID, User, Name, Hash, CreatedAt, LastUsedAt, RevokedAt string
}
