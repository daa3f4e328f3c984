package adopt

import (
	"context"
	"regexp"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// maxIndexColumns is INDEX_MAX_KEYS of PostgreSQL.
const maxIndexColumns = 32

// checkItems refuses a table that lacks something that the new version reads or writes.
func (e *Engine) checkItems(s *state, t Table, report reportFunc) {
	now := s.now[t.sql()]
	if now == nil {
		return
	}
	for _, wanted := range t.Columns {
		c := now.column(wanted.Name)
		switch {
		case c == nil && e.stepAdds(wanted.Name):
		case c == nil:
			report("%s has no column %s, which the new version reads: add it, or remove it from the"+
				" declaration", now.sql(), wanted.Name)
		case wanted.Types != nil && !slices.Contains(wanted.Types, c.Type):
			report("the column %s of %s has the type %s; the new version needs %s: ALTER TABLE %s"+
				" ALTER COLUMN %s TYPE %s", wanted.Name, now.sql(), c.Type, wanted.Types[0],
				now.sql(), sqltext.Quote(wanted.Name), wanted.Types[0])
		case wanted.NotNull && !c.NotNull:
			report("the column %s of %s can be NULL: give its rows a value, then ALTER TABLE %s ALTER"+
				" COLUMN %s SET NOT NULL", wanted.Name, now.sql(), now.sql(),
				sqltext.Quote(wanted.Name))
		}
	}
	if t.Written {
		t.checkUnwritten(now, report)
	}
	for _, column := range t.Unique {
		if now.column(column) != nil && !slices.Contains(t.Primary, column) &&
			find(now.Keys, func(k key) bool { return k.holdsFor(column) }) == nil {
			report("%s has no unique key of %s alone: rename the duplicates, then ALTER TABLE %s ADD"+
				" UNIQUE (%s)", now.sql(), column, now.sql(), sqltext.Quote(column))
		}
	}
}

// holdsFor reports whether the key makes the values of this column unique.
func (k key) holdsFor(column string) bool {
	return k.Valid && k.Immediate && !k.Partial && slices.Equal(k.Columns, []string{column})
}

// checkUnwritten refuses a column that the new version doesn't know and that an inserted row needs
// a value for.
func (t Table) checkUnwritten(now *relation, report reportFunc) {
	for _, c := range now.Columns {
		written := slices.ContainsFunc(t.Columns,
			func(r RequiredColumn) bool { return r.Name == c.Name && !r.Unset })
		if written || c.Name == tenantColumn || !c.NotNull || c.Default != "" || c.Generated ||
			c.Identity {
			continue
		}
		report("the column %s of %s is NOT NULL without a default, and the new version writes no value"+
			" to it: give it a default, or declare it", c.Name, now.sql())
	}
}

// stepAdds reports whether a step of the host that isn't done yet names the column.
func (e *Engine) stepAdds(column string) bool {
	word := regexp.MustCompile(`(^|[^\p{L}\p{N}_])` + regexp.QuoteMeta(column) +
		`($|[^\p{L}\p{N}_])`)
	return slices.ContainsFunc(e.spec.Custom, func(c Custom) bool {
		return c.Phase == adoption.Expand && word.MatchString(c.Up)
	})
}

// checkNames refuses a name of a new key or index that another relation of the schema has.
func (e *Engine) checkNames(s *state, t Table, report reportFunc) {
	was := s.was[t.sql()]
	now := s.now[t.sql()]
	check := func(r *relation, name string) {
		if s.names[sqltext.Qualified(r.Schema, name)] && r.key(name) == nil &&
			r.index(name) == nil && (now == nil || now.key(name) == nil && now.index(name) == nil) {
			report("the name %s is that of another relation, and a new index of %s gets it: rename it",
				sqltext.Qualified(r.Schema, name), r.sql())
		}
	}
	for _, w := range e.tenantKeys(s, t, was) {
		check(was, w.builtName)
		if w.builtName != w.name {
			check(was, w.name)
		}
		if len(w.columns) >= maxIndexColumns {
			report("the key %s of %s has %d columns, the most that an index can have, and can't get"+
				" tenant_id: drop it", w.name, was.sql(), len(w.columns))
		}
	}
	for _, i := range e.spec.Indexes {
		if i.Schema == t.Schema && i.Table == t.Name {
			check(was, i.Name)
		}
	}
}

// readCopiedColumns reads the types of the columns of the tables of users and keys.
func (e *Engine) readCopiedColumns(ctx context.Context, s *state) error {
	s.copiedTypes = map[string]map[string]string{}
	for _, table := range e.copiedTables() {
		var columns []struct{ Name, Type string }
		err := e.conn.NewRaw("SELECT attname AS name, format_type(atttypid, NULL) AS type"+
			" FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')"+
			" WHERE attrelid = to_regclass(?) AND attnum > 0 AND NOT attisdropped", table).
			Scan(ctx, &columns)
		if err != nil {
			return err
		}
		s.copiedTypes[table] = map[string]string{}
		for _, c := range columns {
			s.copiedTypes[table][c.Name] = c.Type
		}
	}
	return nil
}

// checkCopied refuses tables of users and keys that can't be copied.
func (e *Engine) checkCopied(s *state, report reportFunc) {
	check := func(table string, types map[string]string) {
		columns := s.copiedTypes[table]
		if len(columns) == 0 {
			report("%s is described in the adoption and isn't a table with columns: create it, or remove"+
				" it from the description", table)
			return
		}
		for _, name := range sortedNames(types) {
			switch {
			case name == "":
			case columns[name] == "":
				report("%s has no column %s, which the adoption copies: add it", table, name)
			case types[name] != "" && columns[name] != types[name]:
				report("the column %s of %s has the type %s; the adoption copies a %s: ALTER TABLE %s"+
					" ALTER COLUMN %s TYPE %s", name, table, columns[name], types[name], table,
					sqltext.Quote(name), types[name])
			}
		}
	}
	if u := e.spec.Users; u != nil {
		check(u.sql(), map[string]string{u.ID: "", u.Email: "", u.Name: "", u.Password: "",
			u.Admin: "boolean"})
	}
	if k := e.spec.Keys; k != nil {
		check(k.sql(), map[string]string{k.ID: "", k.User: "", k.Name: "", k.Hash: "bytea",
			k.CreatedAt: "", k.LastUsedAt: "", k.RevokedAt: ""})
	}
}
