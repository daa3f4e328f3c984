package adopt

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// check refuses what can't be adopted, all of it at once, before anything is
// changed.
func (e *Engine) check(ctx context.Context, s *state) error {
	if err := e.readOthers(ctx, s); err != nil {
		return err
	}
	var wrong []string
	say := func(format string, args ...any) {
		wrong = append(wrong, "- "+fmt.Sprintf(format, args...))
	}
	for _, t := range e.spec.Tables {
		was := s.was[t.sql()]
		if was == nil {
			say("table %s is declared and doesn't exist: make it in its single-tenant form first,"+
				" or take it out of the declaration", t.sql())
			continue
		}
		e.checkColumn(s, was, say)
		e.checkKeys(s, was, say)
		e.checkForeign(s, was, say)
		e.checkKind(s, was, say)
	}
	if len(wrong) == 0 {
		return nil
	}
	return refuse("the database can't be adopted as it is; nothing was changed:\n%s",
		strings.Join(wrong, "\n"))
}

type complaint func(format string, args ...any)

func (e *Engine) checkColumn(s *state, was *relation, say complaint) {
	c := was.column(tenantColumn)
	if c == nil {
		return
	}
	rename := "rename it (ALTER TABLE " + was.sql() +
		" RENAME COLUMN tenant_id TO …) where old and new version agree on another name"
	switch {
	case c.Type != "uuid":
		say("%s has a column tenant_id of type %s, which means something else: %s", was.sql(),
			c.Type, rename)
	case c.Generated || c.Default != "":
		say("%s has a column tenant_id with a value of its own (%s), which means something else: %s", was.sql(), c.Default, rename)
	case find(was.Foreign, func(f foreign) bool { return f.hasTenant() }) != nil:
		say("%s has a column tenant_id that refers to another table, which means something else: %s", was.sql(), rename)
	case find(was.Keys, func(k key) bool { return k.hasTenant() }) != nil:
		say("%s has a column tenant_id that is part of a key, which means something else: %s",
			was.sql(), rename)
	case s.others[was.sql()]:
		say("%s has a column tenant_id with values of other tenants than default, which the"+
			" library knows nothing of: %s", was.sql(), rename)
	}
}

func (e *Engine) checkKeys(s *state, was *relation, say complaint) {
	for _, name := range was.Exclusions {
		say("%s has the exclusion constraint %s, for which PostgreSQL has no way online: drop it,"+
			" and add it again behind the contraction with tenant_id WITH =", was.sql(), name)
	}
	if was.LeaningView != "" {
		say("the view %s leans on the primary key of %s: let its"+
			" GROUP BY name every column that it answers", was.LeaningView, was.sql())
	}
	for _, w := range e.wantedKeys(s, Table{Schema: was.Schema, Name: was.Name}, was) {
		if w.early && was.Kind == "p" {
			say("%s is partitioned and foreign keys refer to it: they can't be exchanged online;"+
				" drop them, and add them again behind the contraction", was.sql())
		}
	}
}

func (e *Engine) checkForeign(s *state, was *relation, say complaint) {
	for _, f := range was.Foreign {
		if !e.owned(f.Target) || f.hasTenant() || f.Inherited {
			continue
		}
		switch {
		case f.setsOnDelete() && s.version < since15:
			say("the foreign key %s of %s is ON DELETE"+
				" SET NULL or DEFAULT, which would take tenant_id along before PostgreSQL 15:"+
				" upgrade the server, or make it NO ACTION", f.Name, was.sql())
		case f.setsOnUpdate():
			say("the foreign key %s of %s is ON UPDATE"+
				" SET NULL or DEFAULT, which would take tenant_id along: make it NO ACTION or"+
				" CASCADE", f.Name, was.sql())
		}
	}
}

func (e *Engine) checkKind(s *state, was *relation, say complaint) {
	if was.Inherits {
		say("%s is part of an inheritance tree, whose keys hold for one table each: make it a"+
			" partitioned table, or one of its own", was.sql())
	}
	for _, p := range s.partitions(s.was, was.sql()) {
		if p.Kind == "p" {
			say("%s is a partition that is partitioned itself: one level is supported", p.sql())
		}
	}
	for _, strange := range s.referring[was.sql()] {
		say("table %s refers to %s and isn't declared: declare it as well, or drop the foreign key",
			strange, was.sql())
	}
}

// readOthers looks at what only a check needs.
func (e *Engine) readOthers(ctx context.Context, s *state) error {
	s.others, s.referring = map[string]bool{}, map[string][]string{}
	for _, t := range e.spec.Tables {
		was, now := s.was[t.sql()], s.now[t.sql()]
		if was == nil || now == nil {
			continue
		}
		var strange []string
		err := e.conn.NewRaw(`SELECT DISTINCT k.conrelid::regclass::text FROM pg_constraint k WHERE k.confrelid = to_regclass(?0) AND k.contype = 'f' AND k.conparentid = 0
			AND coalesce(pg_partition_root(k.conrelid)::oid, k.conrelid) <> ALL (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?1]::text[]) n WHERE to_regclass(n) IS NOT NULL)`, t.sql(), bun.List(e.tableNames())).Scan(ctx, &strange)
		if err != nil {
			return err
		}
		slices.Sort(strange)
		s.referring[t.sql()] = strange
		c, before := now.column(tenantColumn), was.column(tenantColumn)
		if c == nil || before == nil || c.Type != "uuid" || swapped(now) {
			continue
		}
		var other bool
		if err := e.conn.NewRaw("SELECT EXISTS (SELECT FROM "+t.sql()+" WHERE tenant_id <> ?)",
			e.spec.Tenant).Scan(ctx, &other); err != nil {
			return err
		}
		s.others[t.sql()] = other
	}
	return nil
}

// onlyDefault refuses when another tenant has rows. Row security, which may hold
// the owner as well, is off for as long as it takes to look.
func (e *Engine) onlyDefault(ctx context.Context, s *state) error {
	var found []string
	for _, t := range e.spec.Tables {
		r := s.now[t.sql()]
		if r == nil || r.column(tenantColumn) == nil ||
			s.was[t.sql()].column(tenantColumn) != nil && !r.Forced {
			continue
		}
		some, err := e.othersIn(ctx, r, s)
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
	return refuse("other tenants than default have rows, which a single-tenant schema can't tell"+
		" apart: purge these tenants, or stay; their rows are in %s", strings.Join(found, ", "))
}

func (e *Engine) othersIn(ctx context.Context, r *relation, s *state) (some bool, err error) {
	query := "SELECT EXISTS (SELECT FROM " + r.sql() +
		" WHERE tenant_id < ?0) OR EXISTS (SELECT FROM " + r.sql() + " WHERE tenant_id > ?0)"
	if s.super || !r.Forced {
		err = e.conn.NewRaw(query, e.spec.Tenant).Scan(ctx, &some)
		return some, err
	}
	err = e.patiently(ctx, func(ctx context.Context) error {
		tx, err := e.conn.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if _, err := tx.ExecContext(ctx, e.limits()+"; ALTER TABLE "+r.sql()+
			" NO FORCE ROW LEVEL SECURITY"); err != nil {
			return err
		}
		return tx.NewRaw(query, e.spec.Tenant).Scan(ctx, &some)
	})
	return some, err
}
