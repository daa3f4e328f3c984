package adoption

import (
	"errors"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
)

// Phase is a part of the adoption of a single-tenant database.
type Phase = adopt.Phase

// Expand leaves the old version of the host working, beside the new one with
// tenancy off. Contract takes away what only the old version needs, and FORCE
// comes: MultiTenant needs it.
const (
	Expand   = adopt.Expand
	Contract = adopt.Contract
)

// State is how far a database is on its way from one tenant to many.
type State = adopt.State

// Event is what [MigrationOptions].Tell hears.
type Event = adopt.Event

// PlannedStatement is a statement that a migration would run.
type PlannedStatement = adopt.PlannedStatement

// UntenantedSession is a session that still sends statements without a tenant.
type UntenantedSession = adopt.UntenantedSession

// ErrNotContracted is in the chain of the error of an [Open] with MultiTenant of
// a database that isn't contracted: [MigrateUp] with Phase Contract brings it
// there. The error itself is [tenancy.CodeInvalidState].
var ErrNotContracted = errors.New("not contracted")

// Status is how far a database is.
type Status struct {
	State State `json:"standing"`
	// who wrote without a tenant within the last day
	UntenantedSessions []UntenantedSession `json:"strays"`
}
