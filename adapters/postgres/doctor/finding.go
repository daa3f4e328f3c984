package doctor

// Severity says whether a database with the finding is refused.
type Severity string

const (
	// SeverityError is a finding that lets rows cross tenants. With MultiTenant,
	// postgres.Open refuses the database.
	SeverityError Severity = "error"

	// SeverityWarning is a finding that disables one of the two layers of isolation, or that
	// would become an error after one more mistake. postgres.Open doesn't refuse it.
	SeverityWarning Severity = "warning"
)

// Finding is one fact about the database that weakens the isolation of tenants.
type Finding struct {
	Severity Severity `json:"severity"`
	Code     string   `json:"code"`   // in snake_case; stable across versions
	Object   string   `json:"object"` // the database object, as SQL names it
	Why      string   `json:"why"`    // why it matters, in one sentence
	Fix      string   `json:"fix"`    // the SQL that fixes it; empty if none does

	// Safe reports whether postgres.Mend runs Fix. Such a Fix only reduces what the library's
	// roles may do; it deletes no data and rewrites no table.
	Safe bool `json:"safe"`
}
