package postgres

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
)

type (
	Finding           = doctor.Finding
	Severity          = doctor.Severity
	Phase             = adoption.Phase
	AdoptionState     = adoption.State
	Event             = adoption.Event
	PlannedStatement  = adoption.PlannedStatement
	UntenantedSession = adoption.UntenantedSession
	MigrationOptions  = adoption.Options
	MigrationStatus   = adoption.Status
	Adoption          = adoption.Database
	AdoptedIndex      = adoption.Index
	AdoptedView       = adoption.View
	AdoptionStep      = adoption.Step
	AdoptedUsers      = adoption.Users
	AdoptedKeys       = adoption.Keys
)

const (
	SeverityError   = doctor.SeverityError
	SeverityWarning = doctor.SeverityWarning
	Expand          = adoption.Expand
	Contract        = adoption.Contract
)

var ErrNotContracted = adoption.ErrNotContracted
