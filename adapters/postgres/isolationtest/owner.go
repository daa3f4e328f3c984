package isolationtest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// restoreTime limits turning row security on again.
const restoreTime = time.Minute

// disableRowSecurity turns row security off on every table that has it, and returns the
// function that turns it on again. The policies don't change: if the process is killed
// meanwhile, [postgres.Open] repairs or refuses the database, which doesn't look intact.
func (e *examination) disableRowSecurity(ctx context.Context) (restore func() error, err error) {
	var secured []string
	for _, t := range e.tables {
		if t.Enabled {
			secured = append(secured, t.SQL)
		}
	}
	restore = func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), restoreTime)
		defer cancel()
		return alterRowSecurity(ctx, e.internals.Owner, secured, "ENABLE")
	}
	if err := alterRowSecurity(ctx, e.internals.Owner, secured, "DISABLE"); err != nil {
		return nil, errors.Join(err, restore())
	}
	return restore, nil
}

// alterRowSecurity changes all tables in one message, and so in one transaction.
func alterRowSecurity(ctx context.Context, db bun.IDB, tables []string, action string) error {
	if len(tables) == 0 {
		return nil
	}
	var b strings.Builder
	for _, t := range tables {
		fmt.Fprintf(&b, "ALTER TABLE %s %s ROW LEVEL SECURITY;", t, action)
	}
	_, err := db.ExecContext(ctx, b.String())
	return err
}

// asOwner runs fn in a transaction of the migrating role to which no policy applies. FORCE
// applies to an owner that isn't a superuser, so the transaction turns row security off, which
// no other session sees.
func (e *examination) asOwner(
	ctx context.Context, fn func(ctx context.Context, tx bun.Tx) error,
) error {
	return e.internals.Owner.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var bypasses bool
		if err := tx.NewRaw("SELECT rolsuper OR rolbypassrls FROM pg_roles"+
			" WHERE rolname = current_user").Scan(ctx, &bypasses); err != nil {
			return err
		}
		if bypasses {
			return fn(ctx, tx)
		}
		var secured []string
		err := tx.NewRaw("SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c"+
			" JOIN pg_namespace n ON n.oid = c.relnamespace"+
			" WHERE c.relrowsecurity AND c.oid IN (?)", bun.List(e.oids())).Scan(ctx, &secured)
		if err != nil {
			return err
		}
		if err := alterRowSecurity(ctx, tx, secured, "DISABLE"); err != nil {
			return err
		}
		if err := fn(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "SET CONSTRAINTS ALL IMMEDIATE"); err != nil {
			return err
		}
		return alterRowSecurity(ctx, tx, secured, "ENABLE")
	})
}

// verifyWallsOff checks that both walls can be turned off: with both off the victim's rows must
// show, or the attacks would prove nothing.
func (e *examination) verifyWallsOff(ctx context.Context) error {
	ctx = bindTenant(e.withoutFilter(ctx), e.attacker.ID)
	for i, model := range e.internals.Models {
		n, err := e.db.Scoped(ctx).NewSelect().Model(model).
			Where(isVictims(e.internals.ModelColumn[i]), e.victim.ID).Count(ctx)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("with both walls off, %T still shows nothing of the other tenant:"+
				" one of them wasn't turned off", model)
		}
	}
	return nil
}

// checksums returns a digest for each table of all rows except the attacker's.
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
				" AS t WHERE t." + t.tenant() + " NOT IN (" + uuidOf(e.attacker.ID) + ", " + platformTenant +
				")" +
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

// platformTenant is the tenant_id of audit entries without a tenant, such as a refused sign-in,
// which attacks may cause.
const platformTenant = "'00000000-0000-0000-0000-000000000000'"

// comparableText returns SQL for a row as text, without what the victim's own requests change:
// when a key was last used, and the end of the audit log.
func (t *relation) comparableText() string {
	switch {
	case t.Library && t.Name == "api_keys":
		return "(to_jsonb(t) - 'last_used_at')::text"
	case t.Library && t.Name == "audit_heads":
		return "t.tenant_id::text"
	}
	return "t::text"
}

// ownRequestsExcluded returns a condition that leaves out the rows of the victim's own
// requests: its denied requests are in its audit log. Another attack covers entries that
// others write for it.
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
			before[t.label()] = after[t.label()] // report it once
		}
		e.record(rowsUnchanged, t.label(), reason)
	}
	return nil
}

func uuidOf(id tenancy.ID) string { return sqltext.Literal(id.String()) + "::uuid" }
