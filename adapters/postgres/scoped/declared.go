package scoped

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// Tables is what a host's declarations say about the tables that statements name.
type Tables struct {
	Schema string   // of the tables whose name has none
	Shared []string // the tables without a tenant, as schema-qualified and quoted SQL names
}

// facts are what a declaration says about one table.
type facts struct {
	shared bool // its rows belong to no tenant: it has no condition, and isn't written
}

// declarations finds the facts about a table by its name.
type declarations struct {
	schema string
	known  map[[2]string]facts // by schema and name, unquoted
}

func newDeclarations(t Tables) declarations {
	d := declarations{schema: t.Schema, known: map[[2]string]facts{}}
	for _, sql := range t.Shared {
		schema, name := sqltext.SplitQualified(sql)
		d.known[[2]string{schema, name}] = facts{shared: true}
	}
	return d
}

// of returns the facts about a table. schema is empty for a name without one.
func (d declarations) of(schema, name string) facts {
	if schema == "" {
		schema = d.schema
	}
	return d.known[[2]string{schema, name}]
}

// named is like of for a name as a statement has it, with or without quotes and a schema.
func (d declarations) named(sql string) facts {
	if len(d.known) == 0 {
		return facts{}
	}
	var schema, name string
	for sql != "" {
		kind, length := sqllex.Next(sql)
		if kind == sqllex.Word || kind == sqllex.Quoted {
			schema, name = name, folded(kind, sql[:length])
		}
		sql = sql[length:]
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
