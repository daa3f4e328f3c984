package schema

// Mode says what happens to a statement on a table when its context has no tenant.
type Mode int

const (
	// Enforce refuses the statement.
	Enforce Mode = iota

	// Observe runs the statement for the default tenant. It reports the statement, and the
	// place in the host that made it, to Options.Logger and to DB.Observed of package
	// postgres. It is for a host that adds tenants to its code table by table.
	Observe
)
