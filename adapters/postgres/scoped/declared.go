package scoped

import (
	"regexp"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// Tables is what a host's declarations say about the tables that statements name, by their
// schema-qualified and quoted SQL names.
type Tables struct {
	Schema        string            // of the tables whose name has none
	Shared        []string          // the tables without a tenant
	TenantColumns map[string]string // the columns with the tenant's id that aren't tenant_id
}

// facts are what a declaration says about one table.
type facts struct {
	shared  bool           // its rows belong to no tenant: it has no condition, and isn't written
	tenant  string         // the column with the tenant's id
	sql     string         // this column as statements have it
	assigns *regexp.Regexp // matches an assignment to this column in the text of a SET
}

// undeclared are the facts about a table with no declaration, and about most others.
var undeclared = newFacts(schema.DefaultTenantColumn)

func newFacts(column string) *facts {
	f := &facts{tenant: column, sql: column, assigns: regexp.MustCompile(
		`(?i)(?:^|[,(])\s*(?:"?[\pL_][\pL\pN_$]*"?\s*\.\s*)?"?` + regexp.QuoteMeta(column) +
			`"?\s*[=,)]`)}
	if column != schema.DefaultTenantColumn {
		f.sql = sqltext.Quote(column)
	}
	return f
}

// isTenant reports whether a column's name is that of the tenant's id. A name in other letters
// ("Tenant_ID") is another column for PostgreSQL, but none that a host means.
func (f *facts) isTenant(name string) bool { return strings.EqualFold(name, f.tenant) }

// declarations finds the facts about a table by its name.
type declarations struct {
	schema  string
	known   map[[2]string]*facts // by schema and name, unquoted; undeclared for all others
	columns []string             // the names of all columns with a tenant's id
}

func newDeclarations(t Tables) declarations {
	d := declarations{schema: t.Schema, known: map[[2]string]*facts{},
		columns: []string{undeclared.tenant}}
	add := func(sql string, f *facts) {
		schema, name := sqltext.SplitQualified(sql)
		d.known[[2]string{schema, name}] = f
	}
	for _, sql := range t.Shared {
		f := *undeclared
		f.shared = true
		add(sql, &f)
	}
	for sql, column := range t.TenantColumns {
		add(sql, newFacts(column))
		d.columns = append(d.columns, column)
	}
	return d
}

// of returns the facts about a table. schema is empty for a name without one.
func (d declarations) of(schema, name string) *facts {
	if len(d.known) == 0 {
		return undeclared
	}
	if schema == "" {
		schema = d.schema
	}
	if f := d.known[[2]string{schema, name}]; f != nil {
		return f
	}
	return undeclared
}

// named is like of for a name as a statement has it, with or without quotes and a schema.
func (d declarations) named(sql string) *facts {
	if len(d.known) == 0 {
		return undeclared
	}
	var schema, name string
	dots, names := 0, 0
	for sql != "" {
		kind, length := sqllex.Next(sql)
		switch {
		case kind == sqllex.Word, kind == sqllex.Quoted:
			schema, name = name, folded(kind, sql[:length])
			names++
		case sql[:length] == ".":
			dots++
		case kind != sqllex.Space:
			return undeclared // not only a name
		}
		sql = sql[length:]
	}
	if names != dots+1 {
		return undeclared
	}
	return d.of(schema, name)
}

// folded returns an identifier as PostgreSQL folds it.
func folded(kind sqllex.Kind, text string) string {
	if kind == sqllex.Quoted {
		return strings.ReplaceAll(strings.Trim(text, `"`), `""`, `"`)
	}
	return strings.ToLower(text)
}
