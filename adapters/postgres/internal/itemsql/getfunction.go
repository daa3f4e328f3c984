package itemsql

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// getFunction is the function that answers one item of the table's kind.
//
// To plan a statement that names seven tables, each with a policy, takes longer
// than to run it and to verify the tenant. A session keeps the plans of what
// stands in a function, and needs no prepared statement for it, which a pooler
// would lose. The function has its caller's rights: filter and policy hold there
// as they do outside.
func getFunction(t *declare.Table) string {
	return "bailiwick." + sqltext.Quote(sqltext.Shorten("get_"+t.Kind))
}

func GetFunctionSignature(t *declare.Table) string { return getFunction(t) + "(uuid, text)" }

// getColumns are the columns that scanItem reads, as the function answers them.
const getColumns = "id text, name text, labels jsonb, spec jsonb, version bigint, updated_at" +
	" timestamptz, created_at timestamptz"

// GetItem is the query for the item that a tenant has by a name. The proof of
// isolation, which takes the filter out of what is sent, has it stand there.
func GetItem(d *declare.Set, t *declare.Table, filterSent bool) string {
	if filterSent {
		return SelectItems(d, t) + " WHERE t.tenant_id = ? AND " + NameEquals(t, "t", "?")
	}
	return "SELECT id, name, labels, spec, version, updated_at, created_at FROM " +
		getFunction(t) + "(?, ?)"
}

// CreateGetFunction is the statement that makes the function. Each table that a statement
// names asks its policy who the tenant is, and that costs as much as the row: so
// what the row refers to is looked up by itself, and only where it refers to
// something. The row's variable is called as its alias is elsewhere.
func CreateGetFunction(d *declare.Set, t *declare.Table) string {
	var variables, lookups strings.Builder
	variable := func(name, sqlType, when, value string) {
		fmt.Fprintf(&variables, "  %s %s;\n", name, sqlType)
		assignment := name + " := " + value + ";"
		if when != "" {
			assignment = "IF " + when + " THEN " + assignment + " END IF;"
		}
		lookups.WriteString("  " + assignment + "\n")
	}
	for i, r := range t.References {
		if r.JoinTable != nil {
			variable(targetAlias(i, 0), "jsonb", "", joinedNames(d, r))
		}
		for j, to := range columnsOf(d, r) {
			variable(targetAlias(i, j), "text", "t."+sqltext.Quote(to.column)+" IS NOT NULL",
				fmt.Sprintf(
					"(SELECT x.%s FROM %s AS x WHERE x.tenant_id = t.tenant_id AND x.%s = t.%s)",
					sqltext.Quote(to.name), to.sql, sqltext.Quote(to.id), sqltext.Quote(to.column)))
		}
	}
	lookedUp := names{
		one:  func(i, j int, _ target) string { return targetAlias(i, j) },
		many: func(i int, _ declare.Reference) string { return targetAlias(i, 0) },
	}
	body := strings.NewReplacer(
		"{variables}", variables.String(), "{lookups}", lookups.String(), "{table}", t.SQL,
		"{named}", NameEquals(t, "t", "$2"), "{name}", NameExpr(t, "t"), "{spec}",
		specOf(d, t, lookedUp),
	).Replace(getBody)
	return "CREATE OR REPLACE FUNCTION " + getFunction(t) + "(uuid, text) RETURNS TABLE (" +
		getColumns + ")\n" +
		"LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 1 AS " + sqltext.Literal(body)
}

const getBody = `
#variable_conflict use_column
DECLARE
  t {table}%ROWTYPE;
{variables}BEGIN
  SELECT t.* INTO t FROM {table} AS t WHERE t.tenant_id = $1 AND {named};
  IF NOT FOUND THEN
    RETURN;
  END IF;
{lookups}  id := t.id;
  name := {name};
  labels := t.labels;
  spec := {spec};
  version := t.version;
  updated_at := t.updated_at;
  created_at := t.created_at;
  RETURN NEXT;
END `
