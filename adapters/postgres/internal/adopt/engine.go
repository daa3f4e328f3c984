package adopt

import (
	"context"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// withDefaults fills in the zero fields of o.
func withDefaults(o adoption.Options) adoption.Options {
	if o.LockTimeout == 0 {
		o.LockTimeout = 300 * time.Millisecond
	}
	if o.RetryTimeout == 0 {
		o.RetryTimeout = 10 * time.Minute
	}
	if o.PauseFactor == 0 {
		o.PauseFactor = 1
	}
	if o.Watch == 0 {
		o.Watch = 10 * time.Second
	}
	o.Watch = max(o.Watch, 2*time.Second)
	if o.OnEvent == nil {
		o.OnEvent = func(adoption.Event) error { return nil }
	}
	return o
}

// Engine adopts one database through one session.
type Engine struct {
	spec Spec
	conn bun.Conn
	o    adoption.Options

	ownApplication string // the application_name of the sessions of the new version
}

// New returns an engine that works through conn, a session of the tables' owner that has no
// other user. ownApplication is the application_name of the new version's sessions.
func New(conn bun.Conn, spec Spec, o adoption.Options, ownApplication string) *Engine {
	return &Engine{spec: spec, conn: conn, o: withDefaults(o), ownApplication: ownApplication}
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

// ColumnNames returns the names of a table's columns, none if there is no such table.
func (e *Engine) ColumnNames(ctx context.Context, table string) (names []string, err error) {
	err = e.conn.NewRaw("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(?)"+
		" AND attnum > 0 AND NOT attisdropped", table).Scan(ctx, &names)
	return names, err
}

// Applied returns the names in a table of applied migrations, none if there is no such table.
func (e *Engine) Applied(ctx context.Context, table string) (names []string, err error) {
	columns, err := e.ColumnNames(ctx, table)
	if err != nil || len(columns) == 0 {
		return nil, err
	}
	err = e.conn.NewRaw("SELECT name FROM "+table).Scan(ctx, &names)
	return names, err
}

// Counts returns the numbers that a query returns, row by row. The query isn't formatted: it may
// have question marks.
func (e *Engine) Counts(ctx context.Context, query string) (numbers []int64, err error) {
	rows, err := e.conn.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var n int64
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		numbers = append(numbers, n)
	}
	return numbers, rows.Err()
}

// State reads the state of the adoption from the database.
func (e *Engine) State(ctx context.Context) (adoption.State, error) {
	s, err := e.read(ctx)
	if err != nil {
		return "", err
	}
	return e.stateOf(s), nil
}

func (e *Engine) stateOf(s *state) adoption.State {
	switch {
	case len(s.now) == 0:
		return adoption.Absent
	case !s.recorded && e.allOwned(s):
		return adoption.TenantOwned
	case !s.recorded:
		return adoption.Single
	case len(e.pending(s, adoption.Expand)) > 0:
		return adoption.Expanding
	case len(e.pending(s, adoption.Contract)) == 0:
		return adoption.Contracted
	}
	for _, r := range s.now {
		if isContracted(r) {
			return adoption.Contracting
		}
	}
	return adoption.Expanded
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
func (e *Engine) pending(s *state, phase adoption.Phase) []step {
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
