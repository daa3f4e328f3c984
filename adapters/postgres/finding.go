package postgres

import "github.com/uptrace/bun"

// Severity says whether a database with the finding is served.
type Severity string

const (
	// SeverityError lets rows cross tenants: with MultiTenant, [Open] refuses.
	SeverityError Severity = "error"

	// SeverityWarning takes away a second wall, or would be an error after one
	// more mistake.
	SeverityWarning Severity = "warning"
)

// Finding is one thing in the database that weakens the isolation of tenants.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`   // stable, snake_case
	Object   string   `json:"object"` // as SQL names it
	Why      string   `json:"why"`    // why it matters, in one sentence
	Fix      string   `json:"fix"`    // the SQL that mends it; empty where none can
	// [Mend] runs Fix: it takes from nobody but the library's own roles, and deletes and rewrites nothing
	Safe bool `json:"safe"`
}

// examination is one look at a database.
type examination struct {
	tx       bun.IDB // within a transaction
	declared *declarations
	app      string // the application's role; empty with tenancy off
	system   string
	owner    string // the user of Options.URL
	scope    Scope
}
