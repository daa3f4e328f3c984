package adoption

import (
	"errors"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
)

// Phase is one of the two parts of the adoption of a single-tenant database.
type Phase = adopt.Phase

// In the phase Expand, the old version of the host keeps working, in parallel with the new
// version with tenancy off. The phase Contract removes what only the old version needs and
// forces row security, which MultiTenant requires.
const (
	Expand   = adopt.Expand
	Contract = adopt.Contract
)

// State says how far the adoption of a database is.
type State = adopt.State

// Event is passed to [Options].OnEvent.
type Event = adopt.Event

// PlannedStatement is a statement that a migration would run.
type PlannedStatement = adopt.PlannedStatement

// UntenantedSession is a session that still sends statements without a tenant.
type UntenantedSession = adopt.UntenantedSession

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
