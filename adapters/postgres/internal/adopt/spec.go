package adopt

// Phase is one of the two parts of an adoption.
type Phase string

// The phases, in order.
const (
	Expand   Phase = "expand"
	Contract Phase = "contract"
)

// Spec says what a database is to become.
type Spec struct {
	Tenant  string // the id of the tenant that all rows belong to
	Tables  []Table
	Indexes []Index
	Views   []View
	Custom  []Custom
	Users   *Users
	Keys    *Keys

	Condition string // the policy's

	// Library is what the library and the host bring along: its step has neither
	// a lock on a host's table nor anything to wait for.
	Library Library
}

// Library makes and removes what isn't the host's.
type Library struct {
	Summary string // the statements, for a plan
	Roles   []string
	Owner   string // the role that comes to own the tables
	Search  string // the role, and the schema of its name, that searches go through
}

// Table is one that tenants come to own.
type Table struct {
	Schema, Name string
	Versioned    bool // its rows count their versions, by a trigger
	Singleton    bool // a tenant has one row
	// the columns of its new primary key behind tenant_id; nil: those of the old one
	Primary  []string
	Drop     []string // columns that go with the old version
	Replaced []string // triggers that the library's takes the place of
}

func (t Table) sql() string { return quote(t.Schema) + "." + quote(t.Name) }

// Index is one that the tables come to have, or another form of one that they
// have. One of that name with another definition is replaced at the end.
type Index struct {
	Schema, Table, Name string
	Definition          string // from USING on, as pg_get_indexdef writes it
}

func (i Index) sql() string { return quote(i.Schema) + "." + quote(i.Name) }

// View is one whose definition changes. Its columns may only become more.
type View struct {
	Schema, Name string
	Definition   string // a SELECT
}

func (v View) sql() string { return quote(v.Schema) + "." + quote(v.Name) }

// Custom is a step of the host's own.
type Custom struct {
	Name       string
	Phase      Phase
	Done       string // an SQL condition: the step has nothing left to do
	Undone     string // an SQL condition: nothing of the step is there
	Up, Down   string // statements, run in one transaction
	Lock, Note string // what a plan says of it
}

// Users are the users that the old version knows.
type Users struct {
	Schema, Table                    string
	ID, Email, Name, Password, Admin string // columns
}

// Keys are the API keys that the old version knows.
type Keys struct {
	Schema, Table string
	// columns; the last two may be empty
	ID, User, Name, Hash, CreatedAt, LastUsedAt, RevokedAt string
}
