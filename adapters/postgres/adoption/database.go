package adoption

// Database says what a single-tenant database has, beside what the declared
// tables say already, that becomes the default tenant's. Tables are named as in
// SQL, without quotes and with their schema where it isn't public. What a fresh
// installation has and PostgreSQL names by itself (agents_name_key) is named as
// there.
type Database struct {
	// Owned are further tables whose rows belong to a tenant. They get tenant_id
	// and the walls, and stay out of the application role's reach.
	Owned []string

	// Primary are new primary keys, by table: columns behind tenant_id, where
	// they aren't those of the old key.
	Primary map[string][]string

	// Replaced are triggers, by name, that count versions and whose place the
	// library's takes.
	Replaced []string

	// Indexes are those that tables come to have, or that change. One of another
	// definition and the same name is replaced with the contraction.
	Indexes []Index

	// Views are those that get a column tenant_id. Others stay as they are.
	Views []View

	// Steps are the host's own, run before the expansion or behind the
	// contraction, in order.
	Steps []Step

	// Users become members of the default tenant: administrators with the role
	// admin, all others as editors.
	Users *Users

	// Keys go on working, in the default tenant and with the role of their user.
	// They need Users.
	Keys *Keys

	// Baseline is the name of the last of Options.Migrations that made what
	// the adopted tables become: none up to it is run. Defaults to all.
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
	Definition string // a SELECT whose last column is tenant_id
}

// Step is a step of the host's own. Its statements run in one
// transaction, by the session's search path, under a short lock_timeout, and are
// repeated when a lock isn't to be had.
type Step struct {
	Name   string
	Phase  Phase
	Done   string // an SQL condition: nothing is left to do
	Undone string // an SQL condition: nothing of it is there
	Up     string // SQL
	Down   string // SQL: its inverse
	Lock   string // the strongest lock that it takes, for the plan
}

// Users is the table of users, by its columns. Admin is a boolean; ID a
// uuid, or anything that a uuid is made of.
type Users struct {
	Table                            string
	ID, Email, Name, Password, Admin string
}

// Keys is the table of API keys, by its columns. Hash is the SHA-256 of a
// key; LastUsedAt and RevokedAt may be empty. A revoked key stays behind.
type Keys struct {
	Table                                                  string
	ID, User, Name, Hash, CreatedAt, LastUsedAt, RevokedAt string
}
