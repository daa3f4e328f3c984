package adoption

import "errors"

// ErrNotContracted is wrapped by the error of postgres.Open with MultiTenant when the
// database was adopted but isn't contracted. The code of that error is
// tenancy.CodeInvalidState. Run postgres.MigrateUp with the phase [Contract] to contract the
// database.
var ErrNotContracted = errors.New("not contracted")

// Status is the progress of an adoption.
type Status struct {
	State State `json:"standing"`
	// the sessions that wrote without a tenant within the last 24 hours
	UntenantedSessions []UntenantedSession `json:"strays"`
}
