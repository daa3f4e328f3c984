package adopt

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Options limit an [Engine]'s effect on other sessions. The zero value works.
type Options struct {
	// LockTimeout limits the wait for a lock, during which other sessions queue for the same
	// lock. Defaults to 300 ms, less than PostgreSQL's deadlock_timeout: in a deadlock, the
	// adoption gives up and not the other session.
	LockTimeout time.Duration

	// Patience limits the retries of one statement. Defaults to 10 minutes.
	Patience time.Duration

	// Rest is the pause after each batch of the backfill, as a multiple of the batch's
	// duration. Defaults to 1.
	Rest float64

	// Watch is how long the contraction watches for statements of the old version before it
	// starts. Defaults to 10 seconds, and is at least 2: a session is recorded at most once a
	// second.
	Watch time.Duration

	// Ours is the application_name of the sessions of the new version.
	OwnApplication string

	// OnEvent is called for each event, in order. If it returns an error, the work ends with
	// that error.
	OnEvent func(Event) error
}

// Event reports the progress of a statement.
type Event struct {
	Step  string
	Phase Phase
	SQL   string
	Kind  EventKind
	Rows  int64 // rows of the batch if Kind is Batch, else the estimate of all
}

// EventKind is the kind of an [Event].
type EventKind string

// The kinds of events.
const (
	Begun  EventKind = "begun"
	Batch  EventKind = "batch"
	Waited EventKind = "waited" // a lock timed out; the statement is retried
	Ended  EventKind = "ended"
)

func (o Options) defaults() Options {
	if o.LockTimeout == 0 {
		o.LockTimeout = 300 * time.Millisecond
	}
	if o.Patience == 0 {
		o.Patience = 10 * time.Minute
	}
	if o.Rest == 0 {
		o.Rest = 1
	}
	if o.Watch == 0 {
		o.Watch = 10 * time.Second
	}
	o.Watch = max(o.Watch, 2*time.Second)
	if o.OnEvent == nil {
		o.OnEvent = func(Event) error { return nil }
	}
	return o
}

// Engine adopts one database through one session.
type Engine struct {
	spec Spec
	conn bun.Conn
	o    Options
}

// New returns an engine that works through conn, a session of the tables' owner that has no
// other user.
func New(conn bun.Conn, spec Spec, o Options) *Engine {
	return &Engine{spec: spec, conn: conn, o: o.defaults()}
}

func (e *Engine) tableNames() []string {
	names := make([]string, len(e.spec.Tables))
	for i, t := range e.spec.Tables {
		names[i] = t.sql()
	}
	return names
}

// adoptionLock is the advisory lock that one adoption holds: "bailiwcl" in
// ASCII.
const adoptionLock = 0x6261696c6977636c

// Lock waits until no other adoption of the database runs, and keeps others out until the
// session ends. It polls instead of waiting in the database: the CREATE INDEX CONCURRENTLY of
// the other adoption would wait for the waiting transaction.
func (e *Engine) Lock(ctx context.Context) error {
	for {
		var got bool
		if err := e.conn.NewRaw("SELECT pg_try_advisory_lock(?)", int64(adoptionLock)).
			Scan(ctx, &got); err != nil || got {
			return err
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
}

// State is the progress of an adoption.
type State string

// The states of an adoption. A database that is Absent or TenantOwned has nothing to adopt.
const (
	Absent      State = "absent"       // none of the tables exists
	TenantOwned State = "tenant-owned" // the tables were created with tenants
	Single      State = "single-tenant"
	Expanding   State = "expanding"
	Expanded    State = "expanded"
	Contracting State = "contracting"
	Contracted  State = "contracted"
)

// State reads the state of the adoption from the database.
func (e *Engine) State(ctx context.Context) (State, error) {
	s, err := e.read(ctx)
	if err != nil {
		return "", err
	}
	return e.stateOf(s), nil
}

func (e *Engine) stateOf(s *state) State {
	switch {
	case len(s.now) == 0:
		return Absent
	case !s.recorded && e.allOwned(s):
		return TenantOwned
	case !s.recorded:
		return Single
	case len(e.pending(s, Expand)) > 0:
		return Expanding
	case len(e.pending(s, Contract)) == 0:
		return Contracted
	}
	for _, r := range s.now {
		if isContracted(r) {
			return Contracting
		}
	}
	return Expanded
}

// allOwned reports whether every table has tenant_id, NOT NULL and in its primary key.
func (e *Engine) allOwned(s *state) bool {
	for _, t := range e.spec.Tables {
		r := s.now[t.sql()]
		if r == nil {
			continue
		}
		c := r.column(tenantColumn)
		if c == nil || !c.NotNull || c.Type != "uuid" || r.primary() != nil &&
			!r.primary().hasTenant() {
			return false
		}
	}
	return true
}

// pending returns the steps of a phase that have something left to do.
func (e *Engine) pending(s *state, phase Phase) []step {
	var list []step
	for _, st := range e.steps(s) {
		if st.phase == phase && len(st.up(s)) > 0 {
			list = append(list, st)
		}
	}
	return list
}

func refuse(format string, args ...any) *tenancy.Error {
	return tenancy.Errorf(tenancy.CodeInvalidState, format, args...)
}

// stepError adds the step's name to an error.
func stepError(st step, err error) error { return fmt.Errorf("%s: %w", st.name, err) }
