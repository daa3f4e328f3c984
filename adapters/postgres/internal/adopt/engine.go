package adopt

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Options say how careful an [Engine] is. The zero value works.
type Options struct {
	// LockTimeout bounds how long a statement of the adoption waits for a lock
	// that others would then wait behind. Defaults to 300 ms, which is less than
	// PostgreSQL's deadlock_timeout: of a deadlock, this side gives up.
	LockTimeout time.Duration

	// Patience bounds how long one statement is tried again. Defaults to 10
	// minutes.
	Patience time.Duration

	// Rest is how long the backfill pauses behind each batch, in times of the
	// batch. Defaults to 1.
	Rest float64

	// Watch is how long the contraction looks for statements of the old version
	// before it begins. Defaults to 10 seconds, and is never less than 2: a
	// session is noted once a second.
	Watch time.Duration

	// Ours is the application_name of sessions that know of tenants.
	Ours string

	// Tell hears of each event, in order. An error of its ends the work.
	OnEvent func(Event) error
}

// Event is one thing that happened.
type Event struct {
	Step  string
	Phase Phase
	SQL   string
	Kind  EventKind
	Rows  int64 // of a batch that was done, or of all that there are about
}

// EventKind says what an [Event] tells.
type EventKind string

// The kinds of events.
const (
	Begun  EventKind = "begun"
	Batch  EventKind = "batch"
	Waited EventKind = "waited" // a lock wasn't to be had in time; it is tried again
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

// Engine adopts one database, upon one session.
type Engine struct {
	spec Spec
	conn bun.Conn
	o    Options
}

// New makes an engine upon a session of the tables' owner, which it has alone.
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

// Lock waits until no other adoption of the database is under way, and keeps
// others out until the session ends. It asks again and again instead of waiting
// in the database: CREATE INDEX CONCURRENTLY would wait for whoever waits there.
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

// State is how far an adoption is.
type State string

// The standings. Of a database without any of the tables there is nothing to
// adopt; nor of one that came into being with tenants.
const (
	Absent      State = "absent"       // none of the tables is there
	TenantOwned State = "tenant-owned" // a fresh installation's
	Single      State = "single-tenant"
	Expanding   State = "expanding"
	Expanded    State = "expanded"
	Contracting State = "contracting"
	Contracted  State = "contracted"
)

// State reads how far the adoption is.
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
	case !s.begun && e.allOwned(s):
		return TenantOwned
	case !s.begun:
		return Single
	case len(e.pending(s, Expand)) > 0:
		return Expanding
	case len(e.pending(s, Contract)) == 0:
		return Contracted
	}
	for _, r := range s.now {
		if swapped(r) {
			return Contracting
		}
	}
	return Expanded
}

// allOwned reports whether every table has its walls already.
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

// pending are the steps of a phase that have something left to do.
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

// wrong is an error of a step, with its name.
func wrong(st step, err error) error { return fmt.Errorf("%s: %w", st.name, err) }
