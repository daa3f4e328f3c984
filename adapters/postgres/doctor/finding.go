package doctor

// Severity says whether a database with the finding is served.
type Severity string

const (
	// SeverityError lets rows cross tenants: with MultiTenant, postgres.Open refuses.
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

	// Safe says that postgres.Mend runs Fix: it takes rights from the library's roles
	// alone, and deletes and rewrites nothing.
	Safe bool `json:"safe"`
}
