package itemsql

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// SearchSchema is the schema of the search functions. The search role owns it.
const SearchSchema = "bailiwick_search"

// The parameters of a search function: a text that the name or a search column contains (NULL:
// any), labels that the item has (NULL: any), the name after which the page begins, and the
// maximum number of ids.
const (
	searchParameters = "needle text, wanted jsonb, after text, page integer"
	searchArguments  = "text, jsonb, text, integer"
)

// Search describes the search of a table's items. The search functions and indexes are made
// from it.
type Search struct {
	Table   *declare.Table
	Columns []SearchColumn // the name column first
	Collate string         // the COLLATE clause that makes an ORDER BY compare bytes
	Opclass string         // the operator class of trigram indexes; empty without pg_trgm
}

// SearchColumn is a column that q searches.
type SearchColumn struct {
	Name      string // quoted
	Collation string // a COLLATE clause; empty for the database's collation
}

// Searchable reports whether a function searches the table's items. Singletons need no search,
// because a tenant has only one.
func Searchable(t *declare.Table) bool { return t.Kind != "" && t.Singleton == "" }

// SearchFunctionName returns the qualified name of the two search functions of the table's
// kind.
func SearchFunctionName(t *declare.Table) string {
	return SearchSchema + "." + sqltext.Quote(t.Kind)
}

// SearchSignatures returns the names and argument types of the two search functions, as
// to_regprocedure reads them. The application calls entry, which verifies the tenant and calls
// tenantSearch with it. Only the search role may call tenantSearch: it runs with its caller's
// rights, and another caller's policies would limit what it finds.
func SearchSignatures(t *declare.Table) (entry, tenantSearch string) {
	name := SearchFunctionName(t)
	return name + "(" + searchArguments + ")", name + "(uuid, " + searchArguments + ")"
}

// ReadColumns returns the columns that the search role must be able to read.
func (s Search) ReadColumns() []string {
	columns := []string{s.Table.Tenant(), "id"}
	if !s.Table.NoLabels {
		columns = append(columns, "labels")
	}
	for _, c := range s.Columns {
		columns = append(columns, c.Name)
	}
	if s.Table.DeletedAt != "" {
		columns = append(columns, sqltext.Quote(s.Table.DeletedAt))
	}
	return columns
}

// CreateEntry returns the statement that creates the function that the application calls.
//
// The function has no settings (SET clauses). With those of tenantSearch, the server would plan
// the verification of the tenant and the policies again, which takes longer than a rare search.
// So this function only verifies the tenant, with every name qualified, and tenantSearch does
// the rest.
func (s Search) CreateEntry() string {
	name := SearchFunctionName(s.Table)
	return "CREATE OR REPLACE FUNCTION " + name + "(" + searchParameters +
		") RETURNS SETOF " + s.Table.IDType + "\n" +
		"LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 AS " +
		sqltext.Literal(SearchEntryBody(name, s.Table.IDType))
}

// SearchEntryBody returns the body of the function of CreateEntry, for the qualified name of
// the search functions and the type of the ids. It uses a loop because a query would take longer.
func SearchEntryBody(name, idType string) string {
	return `
#variable_conflict use_variable
DECLARE
  id pg_catalog.` + idType + `;
BEGIN
  FOREACH id IN ARRAY ` + name + `(bailiwick.current_tenant(), needle, wanted, after, page) LOOP
    RETURN NEXT id;
  END LOOP;
END `
}

// CreateTenantSearch returns the statement that creates the function that searches one tenant.
// Its settings have these reasons:
//
//   - search_path: an unqualified name can't resolve to an object of another schema.
//   - plan_cache_mode: planning for the actual values takes longer than a rare search. So a
//     session caches one plan of each statement, and each statement is written so that one
//     plan is right for all values.
//   - enable_sort, enable_seqscan: a tenant that has no statistics yet is estimated to be so
//     small that the planner could sort its rows or read the whole table.
//   - max_parallel_workers_per_gather: a generic plan doesn't know the LIMIT and estimates it
//     so high that the planner could start workers.
func (s Search) CreateTenantSearch() string {
	settings := "SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan" +
		" SET jit = off" +
		" SET enable_sort = off SET max_parallel_workers_per_gather = 0"
	if s.Opclass != "" {
		settings += " SET enable_seqscan = off"
	}
	return "CREATE OR REPLACE FUNCTION " + SearchFunctionName(s.Table) + "(tenant uuid, " +
		searchParameters + ") RETURNS " + s.Table.IDType + "[]\n" +
		"LANGUAGE plpgsql STABLE SECURITY INVOKER " + settings + " AS " + sqltext.Literal(s.body())
}

// Indexes returns the definitions of the indexes that a search of the table needs, from the
// table's name on.
func (s Search) Indexes() []string {
	var definitions []string
	if s.Opclass != "" {
		keys := []string{"(ARRAY[" + s.Table.Tenant() + "])"}
		if !s.Table.NoLabels {
			keys = append(keys, "labels jsonb_path_ops")
		}
		for _, c := range s.Columns {
			keys = append(keys, "lower("+c.Name+c.Collation+") "+s.Opclass)
		}
		definitions = append(definitions, s.Table.SQL+" USING gin ("+strings.Join(keys, ", ")+")")
	}
	if s.Collate != "" && s.Columns[0].Collation != ` COLLATE pg_catalog."C"` {
		key := s.Columns[0].Name + s.Collate
		definitions = append(definitions, s.Table.SQL+" ("+s.Table.Tenant()+", ("+key+"))")
	}
	return definitions
}
