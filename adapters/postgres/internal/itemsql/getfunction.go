package itemsql

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// getFunction returns the name of the function that returns one item of the table's kind.
//
// Planning a statement with seven tables, each with a policy, takes longer than running it and
// verifying the tenant. A session caches the plans of a function's statements. It needs no
// prepared statement for that, which a pooler would lose. The function runs with its caller's
// rights, so the filter and the policies apply within it as they do outside.
func getFunction(t *declare.Table) string {
	return "bailiwick." + sqltext.Quote(sqltext.Shorten("get_"+t.Kind))
}

// GetFunctionSignature returns the name and the argument types of the get function of the
// table's kind, as to_regprocedure reads them. The arguments are the tenant and the item's
// name.
func GetFunctionSignature(t *declare.Table) string { return getFunction(t) + "(uuid, text)" }

// getColumns are the function's result columns. SelectItems has the same columns.
const getColumns = "id text, name text, labels jsonb, spec jsonb, version bigint, updated_at" +
	" timestamptz, created_at timestamptz"

// GetItem returns the query for a tenant's item with a name. Its parameters are the tenant and
// the name. With filterSent the query contains the filter instead of calling the get function:
// the proof of isolation needs that, because it removes the filter from the statements that
// are sent.
func GetItem(d *declare.Set, t *declare.Table, filterSent bool) string {
	if filterSent {
		return SelectItems(d, t) + OfTenant(t) + " AND " + NameEquals(t, "t", "?")
	}
	return "SELECT id, name, labels, spec, version, updated_at, created_at FROM " +
		getFunction(t) + "(?, ?)"
}

// CreateGetFunction returns the statement that creates or replaces the get function of the
// table's kind.
//
// Each table in a statement makes its policy read the tenant, which costs as much as reading
// the row. So the function looks up each reference in a separate statement, and only where
// the row has one.
func CreateGetFunction(d *declare.Set, t *declare.Table) string {
	variables, lookups := referenceLookups(d, t)
	inVariables := nameExprs{
		one:  func(i, j int, _ target) string { return targetAlias(i, j) },
		many: func(i int, _ declare.Reference) string { return targetAlias(i, 0) },
	}
	body := strings.NewReplacer(
		"{variables}", variables, "{lookups}", lookups, "{table}", t.SQL, "{tenant}", t.Tenant(),
		"{named}", NameEquals(t, "t", "$2")+Living(t, "t"), "{name}", NameExpr(t, "t"),
		"{spec}", strings.Join(specParts(d, t, inVariables), " || "),
		"{labels}", LabelsOf(t), "{version}", VersionOf(t),
		"{updated}", timeExpr("t.updated_at"), "{created}", timeExpr("t.created_at"),
	).Replace(getBody)
	return "CREATE OR REPLACE FUNCTION " + getFunction(t) + "(uuid, text) RETURNS TABLE (" +
		getColumns + ")\n" +
		"LANGUAGE plpgsql STABLE SECURITY INVOKER ROWS 1 AS " + sqltext.Literal(body)
}

// referenceLookups returns the declarations of PL/pgSQL variables for the names that the row t
// refers to, and the statements that look these names up. A variable has the name that is the
// table's alias in SelectItems.
func referenceLookups(d *declare.Set, t *declare.Table) (variables, lookups string) {
	var declarations, statements strings.Builder
	for i, r := range t.References {
		if r.JoinTable != nil {
			fmt.Fprintf(&declarations, "  %s jsonb;\n", targetAlias(i, 0))
			fmt.Fprintf(&statements, "  %s := %s;\n", targetAlias(i, 0), joinedNames(d, t, r))
		}
		for j, to := range targetsOf(d, r) {
			fmt.Fprintf(&declarations, "  %s text;\n", targetAlias(i, j))
			fmt.Fprintf(&statements, "  IF t.%[1]s IS NOT NULL THEN %[2]s := (SELECT x.%[3]s FROM"+
				" %[4]s AS x WHERE x.%[6]s = t.%[7]s AND x.%[5]s = t.%[1]s%[8]s); END IF;\n",
				sqltext.Quote(to.column), targetAlias(i, j), sqltext.Quote(to.name), to.sql,
				sqltext.Quote(to.id), to.tenant, t.Tenant(), Living(to.table, "x"))
		}
	}
	return declarations.String(), statements.String()
}

const getBody = `
#variable_conflict use_column
DECLARE
  t {table}%ROWTYPE;
{variables}BEGIN
  SELECT t.* INTO t FROM {table} AS t WHERE t.{tenant} = $1 AND {named};
  IF NOT FOUND THEN
    RETURN;
  END IF;
{lookups}  id := t.id;
  name := {name};
  labels := {labels};
  spec := {spec};
  version := {version};
  updated_at := {updated};
  created_at := {created};
  RETURN NEXT;
END `
