package adopt

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"
)

// customSteps are the host's own.
func (e *Engine) customSteps(phase Phase) []step {
	var steps []step
	for _, c := range e.spec.Custom {
		if c.Phase != phase {
			continue
		}
		steps = append(steps, step{name: c.Name, phase: phase,
			up: func(s *state) []action {
				if s.custom[c.Name].Up {
					return nil
				}
				return []action{{sql: []string{c.Up}, lock: c.Lock, on: c.Note, loose: true}}
			},
			down: func(s *state) []action {
				if s.custom[c.Name].Down {
					return nil
				}
				return []action{{sql: []string{c.Down}, lock: c.Lock, on: c.Note, loose: true}}
			}})
	}
	return steps
}

// libraryStep is there for the plan and for the way back: what it makes, the
// caller has made before the engine runs.
func (e *Engine) libraryStep() step {
	return step{name: "library", phase: Expand,
		up: func(s *state) []action {
			if s.base.Library {
				return nil
			}
			return []action{{sql: []string{e.spec.Library.Summary}, lock: noLock}}
		},
		down: func(s *state) []action { return e.leave(s) }}
}

// leave takes away all that isn't the host's: what the library's roles own goes
// back to who owned it, and the roles may nothing any more.
func (e *Engine) leave(s *state) []action {
	l := e.spec.Library
	var statements []string
	if s.base.Search {
		statements = append(statements, "DROP SCHEMA "+quote(l.Search)+" CASCADE")
	}
	if s.base.Privileges {
		if owner := s.formerOwner(); owner != "" {
			statements = append(statements, "REASSIGN OWNED BY "+quote(l.Owner)+" TO "+quote(owner))
		}
	}
	if s.base.Library {
		statements = append(statements, "DROP SCHEMA bailiwick CASCADE")
	}
	if s.base.Privileges {
		statements = append(statements, e.disown())
	}
	if s.base.Trigrams && !s.oldBase.Trigrams && s.begun {
		statements = append(statements, "DROP EXTENSION pg_trgm")
	}
	return together(accessExcl, "", statements)
}

// disown takes the privileges in this database of those roles that exist. Who
// isn't a superuser must be a member of a role for that.
func (e *Engine) disown() string {
	return `DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT rolname, NOT pg_has_role(oid, 'USAGE') AS strange FROM pg_roles WHERE rolname IN (` + literals(e.spec.Library.Roles) + `) LOOP
    IF r.strange THEN EXECUTE format('GRANT %I TO CURRENT_USER', r.rolname); END IF;
    EXECUTE format('DROP OWNED BY %I', r.rolname);
    IF r.strange THEN EXECUTE format('REVOKE %I FROM CURRENT_USER', r.rolname); END IF;
  END LOOP;
END $$`
}

func literals(all []string) string {
	text := ""
	for i, one := range all {
		if i > 0 {
			text += ", "
		}
		text += literal(one)
	}
	return text
}

// formerOwner is who owned the first of the tables.
func (s *state) formerOwner() string {
	for _, name := range sortedNames(s.was) {
		return s.was[name].Owner
	}
	return ""
}

// recordStep keeps what there was. It comes before every change of the host's.
func (e *Engine) recordStep() step {
	return step{name: "record", phase: Expand,
		up: func(s *state) []action {
			if s.begun {
				return nil
			}
			return []action{{
				sql:  []string{"INSERT INTO bailiwick.former (object, shape) VALUES …"},
				lock: noLock,
				work: func(ctx context.Context, e *Engine, _ func(int64)) error {
					shapes, err := s.record()
					if err != nil {
						return err
					}
					return e.keep(ctx, shapes)
				},
			}}
		},
		down: func(*state) []action { return nil }} // it goes with the library
}

func (e *Engine) keep(ctx context.Context, shapes map[string]json.RawMessage) error {
	return e.conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, object := range sortedNames(shapes) {
			if _, err := tx.NewRaw("INSERT INTO bailiwick.former (object, shape)"+
				" VALUES (?, ?::jsonb)", object, string(shapes[object])).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
