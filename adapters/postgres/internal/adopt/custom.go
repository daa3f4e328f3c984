package adopt

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// customSteps are the steps that the host defines.
func (e *Engine) customSteps(phase adoption.Phase) []step {
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
				return []action{{sql: []string{c.Up}, lock: c.Lock, on: c.Note, noTableLock: true}}
			},
			down: func(s *state) []action {
				if s.custom[c.Name].Down {
					return nil
				}
				return []action{{sql: []string{c.Down}, lock: c.Lock, on: c.Note,
					noTableLock: true}}
			}})
	}
	return steps
}

// libraryStep appears in the plan, and Down runs it. Up finds it done: the caller creates the
// library's objects before the engine runs.
func (e *Engine) libraryStep() step {
	return step{name: "library", phase: adoption.Expand,
		up: func(s *state) []action {
			if s.info.Library {
				return nil
			}
			return []action{{sql: []string{e.spec.Library.Summary}, lock: noLock}}
		},
		down: func(s *state) []action { return e.removeLibrary(s) }}
}

// removeLibrary removes the library's objects. What the library's roles own goes back to the
// original owner, and the roles lose all privileges.
func (e *Engine) removeLibrary(s *state) []action {
	l := e.spec.Library
	var statements []string
	if s.info.Search {
		statements = append(statements, "DROP SCHEMA "+sqltext.Quote(l.Search)+" CASCADE")
	}
	if s.info.Privileges {
		if owner := s.formerOwner(); owner != "" {
			statements = append(statements, "REASSIGN OWNED BY "+sqltext.Quote(l.Owner)+" TO "+
				sqltext.Quote(owner))
			statements = append(statements, s.otherOwners(owner)...)
		}
	}
	if s.info.Library {
		statements = append(statements, "DROP SCHEMA bailiwick CASCADE")
	}
	if s.info.Privileges {
		statements = append(statements, e.dropPrivileges())
	}
	if s.info.Trigrams && !s.oldInfo.Trigrams && s.recorded {
		statements = append(statements, "DROP EXTENSION pg_trgm")
	}
	return txActions(accessExcl, "", statements)
}

// dropPrivileges takes the privileges in this database from the library's roles that exist. A
// user other than a superuser must be a member of a role for that.
func (e *Engine) dropPrivileges() string {
	return `DO $$ DECLARE r record; BEGIN
  FOR r IN SELECT rolname, NOT pg_has_role(oid, 'USAGE') AS needs_grant FROM pg_roles
      WHERE rolname IN (` + literals(e.spec.Library.Roles) + `) LOOP
    IF r.needs_grant THEN EXECUTE format('GRANT %I TO CURRENT_USER', r.rolname); END IF;
    EXECUTE format('DROP OWNED BY %I', r.rolname);
    IF r.needs_grant THEN EXECUTE format('REVOKE %I FROM CURRENT_USER', r.rolname); END IF;
  END LOOP;
END $$`
}

func literals(all []string) string {
	quoted := make([]string, len(all))
	for i, one := range all {
		quoted[i] = sqltext.Literal(one)
	}
	return strings.Join(quoted, ", ")
}

// formerOwner returns the original owner of the first table.
func (s *state) formerOwner() string {
	for _, name := range sortedNames(s.was) {
		return s.was[name].Owner
	}
	return ""
}

// otherOwners returns the statements that give tables back that had another owner than the first
// one.
func (s *state) otherOwners(first string) []string {
	var statements []string
	for _, name := range sortedNames(s.was) {
		if owner := s.was[name].Owner; owner != first && s.now[name] != nil {
			statements = append(statements,
				"ALTER TABLE "+name+" OWNER TO "+sqltext.Quote(owner))
		}
	}
	return statements
}

// recordStep stores the original schema. It runs before every change of the host's objects.
func (e *Engine) recordStep() step {
	return step{name: "record", phase: adoption.Expand,
		up: func(s *state) []action {
			if s.recorded {
				return nil
			}
			return []action{{
				sql:  []string{"INSERT INTO bailiwick.former (object, shape) VALUES …"},
				lock: noLock,
				work: func(ctx context.Context, e *Engine, _ func(int64)) error {
					definitions, err := s.snapshot()
					if err != nil {
						return err
					}
					return e.saveFormer(ctx, definitions)
				},
			}}
		},
		down: func(*state) []action { return nil }} // the library's step removes the record
}

func (e *Engine) saveFormer(ctx context.Context, definitions map[string]json.RawMessage) error {
	return e.conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		for _, object := range sortedNames(definitions) {
			if _, err := tx.NewRaw("INSERT INTO bailiwick.former (object, shape)"+
				" VALUES (?, ?::jsonb)", object, string(definitions[object])).
				Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}
