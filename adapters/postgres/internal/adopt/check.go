package adopt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// checkAdoptable refuses a database that can't be adopted, before anything is changed. The
// error lists all problems. A contraction that has started is finished: its result isn't what
// the checks expect any more.
func (e *Engine) checkAdoptable(ctx context.Context, s *state) error {
	if s.recorded && e.contractionStarted(s) {
		return nil
	}
	if err := e.readCheckData(ctx, s); err != nil {
		return err
	}
	var problems []string
	report := func(format string, args ...any) {
		problems = append(problems, "- "+fmt.Sprintf(format, args...))
	}
	found, err := e.findObstacles(ctx)
	if err != nil {
		return err
	}
	for _, sentence := range found {
		report("%s", sentence)
	}
	others, err := e.spec.Problems(ctx, e.conn)
	if err != nil {
		return err
	}
	for _, p := range others {
		if !e.stepAdds(p.Column) {
			report("%s", p.Sentence)
		}
	}
	e.checkCopied(s, report)
	for _, t := range e.spec.Tables {
		was := s.was[t.sql()]
		if was == nil {
			report("table %s is declared and doesn't exist: create it in its single-tenant form"+
				" first,"+
				" or remove it from the declaration", t.sql())
			continue
		}
		e.checkColumn(s, was, report)
		e.checkKeys(s, was, report)
		e.checkForeign(s, was, report)
		e.checkKind(s, was, report)
		e.checkItems(s, t, report)
		e.checkNames(s, t, report)
	}
	if len(problems) == 0 {
		return nil
	}
	return refuse("the database can't be adopted as it is; nothing was changed:\n%s",
		strings.Join(problems, "\n"))
}

// reportFunc adds a problem to the error: what is wrong with which object, and what to do.
type reportFunc func(format string, args ...any)

// checkColumn accepts an existing tenant_id only if it can become the library's: a uuid that the
// old version leaves NULL or fills with the tenant, without default, key or reference.
func (e *Engine) checkColumn(s *state, was *relation, report reportFunc) {
	c := was.column(tenantColumn)
	if c == nil {
		return
	}
	rename := "rename it (ALTER TABLE " + was.sql() +
		" RENAME COLUMN tenant_id TO …) when the old and the new version agree on another name"
	switch {
	case c.Type != "uuid":
		report("%s has a column tenant_id of type %s, which means something else: %s", was.sql(),
			c.Type, rename)
	case c.Generated || c.Default != "":
		report("%s has a column tenant_id with a default or generated value (%s), which means"+
			" something else: %s", was.sql(), c.Default, rename)
	case find(was.Foreign, func(f foreign) bool { return f.hasTenant() }) != nil:
		report("%s has a column tenant_id that refers to another table, which means something"+
			" else: %s", was.sql(), rename)
	case find(was.Keys, func(k key) bool { return k.hasTenant() }) != nil:
		report("%s has a column tenant_id that is part of a key, which means something else: %s",
			was.sql(), rename)
	case s.otherTenants[was.sql()]:
		report("%s has a column tenant_id with other values than the default tenant's, which the"+
			" library doesn't know: %s", was.sql(), rename)
	}
}

// checkKeys refuses keys that can't be replaced while others write.
func (e *Engine) checkKeys(s *state, was *relation, report reportFunc) {
	if was.LeaningView != "" {
		report("the view %s depends on the primary key of %s: name every selected column in its"+
			" GROUP BY", was.LeaningView, was.sql())
	}
	for _, w := range e.tenantKeys(s, Table{Schema: was.Schema, Name: was.Name}, was) {
		if w.referenced && was.Kind == "p" {
			report("%s is partitioned and foreign keys refer to it, which can't be replaced"+
				" online: drop them, and add them again after the contraction", was.sql())
		}
	}
}

// checkForeign refuses foreign keys between owned tables that would set tenant_id too.
func (e *Engine) checkForeign(s *state, was *relation, report reportFunc) {
	for _, f := range was.Foreign {
		if !e.owned(f.Target) || f.hasTenant() || f.Inherited {
			continue
		}
		switch {
		case f.setsOnDelete() && s.version < version15:
			report("the foreign key %s of %s is ON DELETE"+
				" SET NULL or DEFAULT, which before PostgreSQL 15 would also set tenant_id:"+
				" upgrade the server, or make it NO ACTION", f.Name, was.sql())
		case f.setsOnUpdate():
			report("the foreign key %s of %s is ON UPDATE"+
				" SET NULL or DEFAULT, which would also set tenant_id: make it NO ACTION or"+
				" CASCADE", f.Name, was.sql())
		}
	}
}

// checkKind refuses inheritance, nested partitions and references from undeclared tables.
func (e *Engine) checkKind(s *state, was *relation, report reportFunc) {
	if was.Inherits {
		report("%s is part of an inheritance tree, in which a key covers one table only: make it a"+
			" partitioned table or a separate one", was.sql())
	}
	for _, p := range s.partitions(s.was, was.sql()) {
		if p.Kind == "p" {
			report("%s is a partition that is partitioned itself: one level is supported", p.sql())
		}
	}
	for _, referrer := range s.referrers[was.sql()] {
		report("table %s refers to %s and isn't declared: declare it as well, or drop the foreign"+
			" key",
			referrer, was.sql())
	}
}

const undeclaredReferrers = `
SELECT DISTINCT k.conrelid::regclass::text FROM pg_constraint k
WHERE k.confrelid = to_regclass(?0) AND k.contype = 'f' AND k.conparentid = 0
  AND coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) <> ALL (
    SELECT to_regclass(n)::oid FROM unnest(ARRAY[?1]::text[]) n WHERE to_regclass(n) IS NOT NULL)`

// readCheckData reads what only checkAdoptable needs.
func (e *Engine) readCheckData(ctx context.Context, s *state) error {
	s.otherTenants, s.referrers = map[string]bool{}, map[string][]string{}
	if err := e.readCopiedColumns(ctx, s); err != nil {
		return err
	}
	for _, t := range e.spec.Tables {
		was, now := s.was[t.sql()], s.now[t.sql()]
		if was == nil || now == nil {
			continue
		}
		var referrers []string
		err := e.conn.NewRaw(undeclaredReferrers, t.sql(), bun.List(e.tableNames())).
			Scan(ctx, &referrers)
		if err != nil {
			return err
		}
		slices.Sort(referrers)
		s.referrers[t.sql()] = referrers
		c, before := now.column(tenantColumn), was.column(tenantColumn)
		if c == nil || before == nil || c.Type != "uuid" || isContracted(now) {
			continue
		}
		var other bool
		if err := e.conn.NewRaw("SELECT EXISTS (SELECT FROM "+t.sql()+" WHERE tenant_id <> ?)",
			e.spec.Tenant).Scan(ctx, &other); err != nil {
			return err
		}
		s.otherTenants[t.sql()] = other
	}
	return nil
}

// requireOnlyDefaultTenant refuses if another tenant has rows. For the query it turns off row
// security that applies to the owner too.
func (e *Engine) requireOnlyDefaultTenant(ctx context.Context, s *state) error {
	var found []string
	for _, t := range e.spec.Tables {
		r := s.now[t.sql()]
		if r == nil || r.column(tenantColumn) == nil ||
			s.was[t.sql()].column(tenantColumn) != nil && !r.Forced {
			continue
		}
		some, err := e.hasOtherTenants(ctx, r, s)
		if err != nil {
			return err
		}
		if some {
			found = append(found, r.sql())
		}
	}
	if len(found) == 0 {
		return nil
	}
	return refuse("other tenants than the default have rows, which a single-tenant schema can't"+
		" distinguish: purge these tenants first; their rows are in %s", strings.Join(found, ", "))
}

// hasOtherTenants runs its query after NO FORCE in a transaction that it rolls back, if row
// security would hide rows from the owner.
func (e *Engine) hasOtherTenants(
	ctx context.Context, r *relation, s *state,
) (some bool, err error) {
	query := "SELECT EXISTS (SELECT FROM " + r.sql() +
		" WHERE tenant_id < ?0) OR EXISTS (SELECT FROM " + r.sql() + " WHERE tenant_id > ?0)"
	if s.super || !r.Forced {
		err = e.conn.NewRaw(query, e.spec.Tenant).Scan(ctx, &some)
		return some, err
	}
	err = e.withRetry(ctx, func(ctx context.Context) error {
		tx, err := e.conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, e.lockLimits()+"; ALTER TABLE "+r.sql()+
			" NO FORCE ROW LEVEL SECURITY"); err != nil {
			return err
		}
		return tx.NewRaw(query, e.spec.Tenant).Scan(ctx, &some)
	})
	return some, err
}
