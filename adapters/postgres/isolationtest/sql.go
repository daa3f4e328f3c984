package isolationtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// SQLSTATE codes (PostgreSQL manual, appendix A).
const (
	stateNoPrivilege  = "42501"
	stateForeignKey   = "23503"
	stateUnique       = "23505"
	stateCheck        = "23514"
	stateNotUpdatable = "55000" // object_not_in_prerequisite_state: a view without updates
	classSyntax       = "42"    // syntax error or access rule violation
	classConstraint   = "23"
)

func sqlState(err error) string { return field(err, 'C') }

func field(err error, name byte) string {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field(name)
	}
	return ""
}

// invalidAttack returns why an attack proves nothing: the database didn't understand it, or it
// never arrived there. It is empty for any other result.
func invalidAttack(err error) string {
	state := sqlState(err)
	switch {
	case err == nil, state == stateNoPrivilege, refusedByLibrary(err):
		return ""
	case state == "", strings.HasPrefix(state, classSyntax):
		return fmt.Sprintf("the attack couldn't be made: %v", err)
	}
	return ""
}

// refusedByLibrary reports whether the library refused the statement without sending it.
func refusedByLibrary(err error) bool {
	e, ok := errors.AsType[*tenancy.Error](err)
	return ok && e.Code != tenancy.CodeUnavailable && sqlState(err) == ""
}

// statement is one SQL attack on one relation.
type statement struct {
	attack string // the row of the matrix
	query  string
	verdict
	before string // runs first, in the same transaction
	others bool   // it reaches rows of other tenants only
}

// verdict runs an attack and returns the breach; empty if there is none.
type verdict func(ctx context.Context, db *postgres.Scoped, query string) (breach string, err error)

// wantZeroRows is for attacks that count the rows they reached.
func wantZeroRows(ctx context.Context, db *postgres.Scoped, query string) (string, error) {
	var n int64
	if err := db.NewRaw(query).Scan(ctx, &n); err != nil {
		return "", err
	}
	if n != 0 {
		return fmt.Sprintf("reached %d rows: %s", n, query), nil
	}
	return "", nil
}

// wantNoChange is for attacks that must find no row to change. If a constraint stopped one, it
// had found a row.
func wantNoChange(ctx context.Context, db *postgres.Scoped, query string) (string, error) {
	result, err := db.NewRaw(query).Exec(ctx)
	if strings.HasPrefix(sqlState(err), classConstraint) {
		return fmt.Sprintf("reached a row, and only a constraint stopped it (%v): %s", err, query),
			nil
	}
	if err != nil {
		return "", err
	}
	if n, _ := result.RowsAffected(); n != 0 {
		return fmt.Sprintf("changed %d rows: %s", n, query), nil
	}
	return "", nil
}

// wantRefused is for attacks that the database must refuse before it checks keys and
// constraints.
func wantRefused(ctx context.Context, db *postgres.Scoped, query string) (string, error) {
	_, err := db.NewRaw(query).Exec(ctx)
	switch state := sqlState(err); {
	case state == stateNoPrivilege, state == stateNotUpdatable, state == "" && err != nil:
		return "", err
	}
	return fmt.Sprintf("wasn't refused (%v): %s", err, query), nil
}

// wantError is for attacks that must fail, with any error.
func wantError(ctx context.Context, db *postgres.Scoped, query string) (string, error) {
	if _, err := db.NewRaw(query).Exec(ctx); err == nil {
		return "wasn't refused: " + query, nil
	}
	return "", nil
}

// wantNoLeak is for attacks whose result must show nothing of the victim.
func (e *examination) wantNoLeak(
	ctx context.Context, db *postgres.Scoped, query string,
) (string, error) {
	var texts []string
	if err := db.NewRaw(query).Scan(ctx, &texts); err != nil {
		return "", err
	}
	return e.findLeak("", strings.Join(texts, " ")), nil
}

// attackSQL attacks each relation with raw SQL, which has no filter.
func (e *examination) attackSQL(ctx context.Context) {
	for _, t := range e.tables {
		for _, s := range e.statements(t) {
			breach, err := e.runAttack(ctx, s)
			if breach == "" {
				breach = invalidAttack(err)
			}
			e.record(s.attack, t.label(), breach)
		}
		if t.View {
			continue
		}
		e.probeKeys(ctx, t)
		e.probeReferences(ctx, t)
		e.attackAsOwner(ctx, t)
	}
}

// runAttack runs one attack in a transaction, which it rolls back unless keepsOwnRows: the
// attacker must keep its own rows.
func (e *examination) runAttack(ctx context.Context, s statement) (breach string, err error) {
	ctx = bindTenant(ctx, e.attacker.ID)
	if s.attack == impersonationAttack {
		// The library doesn't send such text, but that check of the text is no wall.
		ctx = e.withoutFilter(ctx)
	}
	if s.before == "" && !writes(s.query) {
		return s.verdict(ctx, e.db.Scoped(ctx), s.query)
	}
	err = e.db.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		if s.before != "" {
			if _, err := tx.NewRaw(s.before).Exec(ctx); err != nil {
				return err
			}
		}
		var err error
		if breach, err = s.verdict(ctx, tx, s.query); err != nil {
			return err
		}
		if s.keepsOwnRows() {
			return nil
		}
		return errRollBack
	})
	if errors.Is(err, errRollBack) {
		err = nil
	}
	return breach, err
}

func writes(query string) bool {
	return !strings.HasPrefix(query, "SELECT") && !strings.HasPrefix(query, "COPY")
}

// keepsOwnRows reports whether an attack changes rows of other tenants only, unlike a CTE that
// changes all. It is committed, so that the checksums find its effects.
func (s statement) keepsOwnRows() bool {
	return s.before == "" && !strings.HasPrefix(s.query, "WITH") &&
		s.others
}

// attackAsOwner reads as the table's owner without a tenant: without FORCE it sees every row.
// The library's own tables have no FORCE on purpose: their owner never logs in, and the
// function that finds the tenant of a key reads as the owner.
func (e *examination) attackAsOwner(ctx context.Context, t *relation) {
	if t.Library || !t.Readable && !t.Declared {
		return
	}
	e.record("SQL: as the owner, without a tenant", t.label(), e.seenByOwner(ctx, t))
}

func (e *examination) seenByOwner(ctx context.Context, t *relation) string {
	if t.BypassesPolicies {
		return fmt.Sprintf("no policy applies to its owner %s: give the table to a plain role",
			t.Owner)
	}
	var n int
	err := e.internals.Owner.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error {
			if _, err := tx.ExecContext(ctx, "SET LOCAL ROLE "+sqltext.Quote(t.Owner)); err != nil {
				return err
			}
			return tx.NewRaw("SELECT count(*) FROM "+t.SQL).Scan(ctx, &n)
		})
	if reason := invalidAttack(err); reason != "" {
		return reason
	}
	if n > 0 {
		return fmt.Sprintf("its owner sees %d rows without a tenant: FORCE ROW LEVEL SECURITY is"+
			" missing", n)
	}
	return ""
}
