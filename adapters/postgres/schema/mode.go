package schema

// Mode says what becomes of a statement that the host makes for no tenant.
type Mode int

const (
	// Enforce refuses it.
	Enforce Mode = iota

	// Observe makes it the default tenant's, and tells Options.Logger and
	// [DB.Observed] what Enforce would refuse, and where in the host it was made.
	// It is for a host whose code learns of tenants table by table.
	Observe
)
