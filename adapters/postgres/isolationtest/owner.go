package isolationtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// restoreTime is how long raising the walls again may take.
const restoreTime = time.Minute

// disableRowSecurity switches row security off on every table that has it, and
// answers what switches it on again. The policies themselves stay as they are:
// should the process be killed meanwhile, the database is one that
// [postgres.Open] mends or refuses, not one that looks whole.
func (e *examination) disableRowSecurity(ctx context.Context) (raise func() error, err error) {
	var walled []string
	for _, t := range e.tables {
		if t.Enabled {
			walled = append(walled, t.SQL)
		}
	}
	raise = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
		defer cancel()
		return alterRowSecurity(ctx, e.internals.Owner, walled, "ENABLE")
	}
	if err := alterRowSecurity(ctx, e.internals.Owner, walled, "DISABLE"); err != nil {
		return nil, errors.Join(err, raise())
	}
	return raise, nil
}

// alterRowSecurity switches in one message, and so in one transaction.
func alterRowSecurity(ctx context.Context, db bun.IDB, tables []string, to string) error {
	if len(tables) == 0 {
		return nil
	}
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&b, "ALTER TABLE %s %s ROW LEVEL SECURITY;", t, to)
	}
	_, err := db.ExecContext(ctx, b.String())
	return err
}

// asOwner runs fn in a transaction of the migrating user's whom no policy
// holds. FORCE holds an owner who is no superuser, so row security is off within
// the transaction, which nobody else can see.
func (e *examination) asOwner(
	ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error,
) error {
	return e.internals.Owner.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var strong bool
		if err := tx.NewRaw("SELECT rolsuper OR rolbypassrls FROM pg_roles"+
			" WHERE rolname = current_user").Scan(ctx, &strong); err != nil {
			return err
		}
		if strong {
			return fn(ctx, tx)
		}
		var walled []string
		err := tx.NewRaw("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"+
			" JOIN pg_namespace n ON n.oid = c.relnamespace"+
			" WHERE c.relrowsecurity AND c.oid IN (?)", bun.List(e.oids())).Scan(ctx, &walled)
		if err != nil {
			return err
		}
		if err := alterRowSecurity(ctx, tx, walled, "DISABLE"); err != nil {
			return err
		}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			return err
		}
		return alterRowSecurity(ctx, tx, walled, "ENABLE")
	})
}

// verifyWallsOff makes sure that the two walls can be taken away: with both gone
// the other tenant's rows must show, or the attacks would prove nothing.
func (e *examination) verifyWallsOff(ctx context.Context) error {
	ctx = bindTenant(filterbypass.WithoutFilter(ctx), e.attacker.ID)
	for _, model := range e.internals.Models {
		n, err := e.db.Scoped(ctx).NewSelect().Model(model).Where(isVictims, e.victim.ID).Count(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("with both walls away, %T still shows nothing of the other tenant:"+
				" a wall wasn't switched off", model)
		}
	}
	return nil
}

// checksums digests, table by table, every row that isn't the attacker's.
func (e *examination) checksums(ctx context.Context) (map[string]string, error) {
	sums := map[string]string{}
	err := e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, t := range e.tables {
			if t.View {
				continue
			}
			var sum string
			query := "SELECT count(*) || ' rows, ' || coalesce(md5(string_agg(r, E'\\n'" +
				" ORDER BY r)), '') FROM (SELECT " + t.comparableText() + " AS r FROM " + t.SQL +
				" AS t WHERE tenant_id NOT IN (" + uuidOf(e.attacker.ID) + ", " + platformTenant + ")" +
				t.ownRequestsExcluded() + ") AS rows"
			if err := tx.NewRaw(query).Scan(ctx, &sum); err != nil {
				return err
			}
			sums[t.label()] = sum
		}
		return nil
	})
	return sums, err
}

// platformTenant stands in the audit log in place of a tenant, for what belongs to none:
// a sign-in that was refused, say, which an attack may well be.
const platformTenant = "'00000000-0000-0000-0000-000000000000'"

// comparableText is a row as text. When a key was last used, and where the audit log ends,
// change with the other tenant's own requests.
func (t *relation) comparableText() string {
	switch {
	case t.Library && t.Name == "api_keys":
		return "(to_jsonb(t) - 'last_used_at')::text"
	case t.Library && t.Name == "audit_heads":
		return "t.tenant_id::text"
	}
	return "t::text"
}

// ownRequestsExcluded is the condition on rows that the other tenant's own requests don't
// make: what it is refused itself stands in its log. What is written there for it
// by somebody else is another attack.
func (t *relation) ownRequestsExcluded() string {
	if t.Library && t.Name == "audit" {
		return " AND text::jsonb ->> 'outcome' <> 'denied'"
	}
	return ""
}

const rowsUnchanged = "after all of these: the others' rows are as they were"

func (e *examination) compareChecksums(ctx context.Context, before map[string]string) error {
	after, err := e.checksums(ctx)
	if err != nil {
		return err
	}
	for _, t := range e.tables {
		if t.View {
			continue
		}
		reason := ""
		if after[t.label()] != before[t.label()] {
			reason = fmt.Sprintf("they changed: %s before, %s now", before[t.label()],
				after[t.label()])
			before[t.label()] = after[t.label()] // to be told once
		}
		e.record(rowsUnchanged, t.label(), reason)
	}
	return nil
}

func uuidOf(id tenancy.ID) string { return literal(id.String()) + "::uuid" }
