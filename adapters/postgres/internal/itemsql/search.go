package itemsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// Search is what the search function and the search indexes of a table are
// written from.
type Search struct {
	Table   *declare.Table
	Columns []SearchColumn // the name column first
	Collate string         // what makes an ORDER BY name go byte by byte
	Opclass string         // of trigram indexes; empty without them
}

// ReadColumns are the columns that the search role needs.
func (s Search) ReadColumns() []string {
	reads := []string{"tenant_id", "id", "labels"}
	for _, c := range s.Columns {
		reads = append(reads, c.Name)
	}
	return reads
}

const searchParameters = "needle text, wanted jsonb, after text, page integer"

// CreateEntry is the statement that makes the function which the application calls.
//
// It has no settings: where the search's own are in force, the server would plan
// anew how the tenant is verified, and once more for the policies, and that
// takes longer than a rare search. It verifies, with every name qualified, and
// leaves the rest to the other, in whose settings nothing else is planned.
func (s Search) CreateEntry() string {
	return "CREATE OR REPLACE FUNCTION " + SearchFunctionName(s.Table) + "(" + searchParameters +
		") RETURNS SETOF uuid\n" +
		"LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 AS " +
		sqltext.Literal(SearchEntryBody(SearchFunctionName(s.Table)))
}

// SearchEntryBody is the text of the entry to the search of this qualified name. A
// query within it would take longer than such a loop.
func SearchEntryBody(name string) string {
	return `
#variable_conflict use_variable
DECLARE
  id pg_catalog.uuid;
BEGIN
  FOREACH id IN ARRAY ` + name + `(bailiwick.current_tenant(), needle, wanted, after, page) LOOP
    RETURN NEXT id;
  END LOOP;
END `
}

// CreateTenantSearch is the statement that makes the function which searches a tenant.
//
// A name that its body didn't qualify could be taken for another's. To plan for
// the values at hand takes longer than a rare search: a session keeps one plan
// of each statement, and each is written so that one is right for all values. A
// tenant that statistics don't know yet looks so small that its rows might as
// well be sorted, or all tables' read, and a LIMIT that a plan doesn't know so
// large that workers might be worth their start: these are out of the question.
func (s Search) CreateTenantSearch() string {
	settings := "SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_generic_plan" +
		" SET jit = off" +
		" SET enable_sort = off SET max_parallel_workers_per_gather = 0"
	if s.Opclass != "" {
		settings += " SET enable_seqscan = off"
	}
	return "CREATE OR REPLACE FUNCTION " + SearchFunctionName(s.Table) + "(tenant uuid, " +
		searchParameters + ") RETURNS uuid[]\n" +
		"LANGUAGE plpgsql STABLE SECURITY INVOKER " + settings + " AS " + sqltext.Literal(s.body())
}

// body is what searches. A common search is best answered by the first rows in
// name order, a rare one by an index; which one this is the planner can't tell,
// since row security hides the statistics from it. So it begins with the names,
// and turns to the index when hardly any of those rows matches: for all matches
// if they are few, and otherwise back to the names.
//
// Nothing in it depends on a setting that a session may change: that is why
// backslashes stand in E'…'.
func (s Search) body() string {
	index := strings.NewReplacer("{index text}", "", "{look ahead}", "", "{turn to index}", "")
	if s.Opclass != "" {
		index = strings.NewReplacer("{index text}", indexText, "{look ahead}", lookAhead,
			"{turn to index}", turnToIndex)
	}
	var patterns, lowered, searched []string
	for i, c := range s.Columns {
		searched = append(searched, fmt.Sprintf("t.%s AS c%d", c.Name, i))
		if pattern := s.pattern(i); pattern == fmt.Sprintf("pattern%d", i) {
			patterns = append(patterns, "\n  "+pattern+" text;")
			lowered = append(lowered, "\n    "+pattern+" := lower(pattern"+c.Collation+");")
		}
	}
	text := s.matches("t", func(i int) string { return s.Columns[i].Name })
	walked := s.matches("w", func(i int) string { return fmt.Sprintf("c%d", i) })
	return strings.NewReplacer(
		"{table}", s.Table.SQL,
		"{name}", "t."+s.Columns[0].Name+s.Collate,
		"{searched}", strings.Join(searched, ", "),
		"{patterns}", strings.Join(patterns, ""),
		"{lower patterns}", strings.Join(lowered, ""),
		"{walked matches}", "(needle IS NULL OR "+walked+
			") AND (wanted IS NULL OR w.labels @> wanted)",
		"{text matches}", text,
	).Replace(index.Replace(walkNames))
}

// pattern is the variable with what a column must be like: one for all columns
// of a collation.
func (s Search) pattern(column int) string {
	first := slices.IndexFunc(s.Columns,
		func(c SearchColumn) bool { return c.Collation == s.Columns[column].Collation })
	return fmt.Sprintf("pattern%d", first)
}

// matches is the condition that the row of an alias has the text searched for.
// It finds what ILIKE finds, which compares lower() of both sides as well, but
// in a form that an index over lower() serves.
func (s Search) matches(alias string, column func(int) string) string {
	var likes []string
	for i, c := range s.Columns {
		likes = append(likes, fmt.Sprintf("lower(%s.%s%s) LIKE %s", alias, column(i), c.Collation,
			s.pattern(i)))
	}
	return "(" + strings.Join(likes, " OR ") + ")"
}

// walkNames relies on an aggregate that takes the rows of a sub-select in their
// order. Each expression and each statement that it comes by costs something in
// every transaction: a rare search comes by as few as can be.
const walkNames = `
#variable_conflict use_variable
DECLARE
  pattern text;{patterns}
  indexed boolean := wanted IS NOT NULL;
  scarce  boolean;
  step    integer := 128;
  walked  integer;
  hits    uuid[];
  found   uuid[] := '{}';
BEGIN
  IF needle IS NOT NULL THEN
    pattern := '%' || replace(replace(replace(needle, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_') || '%';{lower patterns}{index text}
  END IF;
  after := coalesce(after, '');{look ahead}
  WHILE page > 0 LOOP{turn to index}
    SELECT count(*), max(w.name), coalesce(array_agg(w.id) FILTER (WHERE {walked matches}), '{}')
      INTO walked, after, hits
      FROM (SELECT t.id, {name} AS name, t.labels, {searched} FROM {table} AS t
             WHERE t.tenant_id = tenant AND {name} > after ORDER BY {name} LIMIT step) AS w;
    found := found || hits[1:page];
    EXIT WHEN walked < step;
    page := page - cardinality(hits);
    scarce := indexed AND cardinality(hits) * 32 < walked;
    -- as far as the page will be full, if matches stay as frequent
    step := least(page::bigint * walked / greatest(cardinality(hits), 1) + 64, 8192);
  END LOOP;
  RETURN found;
END `

// lookAhead holds a search for a rare one if none of the first rows matches. Of
// a common one it reads a row or two.
const lookAhead = `
  IF indexed THEN
    scarce := NOT EXISTS (SELECT FROM (SELECT {name} AS name, t.labels, {searched} FROM {table} AS t
      WHERE t.tenant_id = tenant AND {name} > after ORDER BY {name} LIMIT 24) AS w WHERE {walked matches});
  END IF;`

// turnToIndex reads the tenant's matches by the index, unless they are many. An
// array of the one column is something that only this index serves: were it
// tenant_id = tenant, an index on that column alone would often look cheaper,
// for a tenant that statistics don't know yet. A condition on what may be NULL
// would be none that an index serves: hence three statements.
var turnToIndex = `
    IF scarce THEN
      IF needle IS NULL THEN` + fewMatches("t.labels @> wanted") + `
      ELSIF wanted IS NULL THEN` + fewMatches("{text matches}") + `
      ELSE` + fewMatches("t.labels @> wanted AND {text matches}") + `
      END IF;
      IF indexed THEN
        RETURN found || hits[1:page];
      END IF;
    END IF;`

func fewMatches(condition string) string {
	return `
        SELECT count(*) < 5000, array_agg(f.id ORDER BY f.name) FILTER (WHERE f.name > after) INTO indexed, hits
          FROM (SELECT t.id, {name} AS name FROM {table} AS t
                 WHERE ARRAY[t.tenant_id] @> ARRAY[tenant] AND ` + condition + ` LIMIT 5000) AS f;`
}

const indexText = `
    indexed := indexed OR needle ~ '` + trigramLike + `';`

// trigramLike matches a text that pg_trgm finds a trigram in: three letters or
// digits in a row, a border of a word counting as one or, where it begins, two.
const trigramLike = "[[:alnum:]]{3}|[[:alnum:]]{2}[^[:alnum:]]|[^[:alnum:]][[:alnum:]]"

// SearchRole owns the schema of its name and the functions in it, and nothing
// else. Under row security an operator that isn't leakproof, as LIKE and @> are
// not, is never asked of an index, since it could tell of rows that the policy
// hides. So a search goes through a function of this role, which no policy
// confines: the function carries the tenant's condition itself, with the tenant
// that the database has verified. It takes values only, never SQL, and answers
// ids, never rows: those are read by the caller, behind filter and policy.
//
// Nobody logs in as the role. It may read the columns that searches look at.
const SearchRole = "bailiwick_search"

// Searchable reports whether the table's items are searched by a function. A
// singleton isn't: a tenant has one.
func Searchable(t *declare.Table) bool { return t.Kind != "" && t.Singleton == "" }

func SearchFunctionName(t *declare.Table) string { return SearchRole + "." + sqltext.Quote(t.Kind) }

// searchArguments are what every search function takes: a text that the name or
// a search column contains, labels to have (NULL: any), the name that the page
// begins behind, and how many ids it has.
const searchArguments = "text, jsonb, text, integer"

// SearchSignatures are the function that the application calls, and the one of
// the same name that searches the tenant which the first has verified. Only the
// search role may call that: as anybody else it would find what the policies
// let by.
func SearchSignatures(t *declare.Table) (entry, within string) {
	return SearchFunctionName(t) + "(" + searchArguments + ")", SearchFunctionName(t) + "(uuid, " +
		searchArguments + ")"
}

// SearchColumn is a column that q looks into.
type SearchColumn struct {
	Name      string // quoted
	Collation string // a COLLATE clause, empty for the database's own
}

// Indexes are the definitions of the indexes that a search of the table needs.
func (s Search) Indexes() []string {
	var definitions []string
	if s.Opclass != "" {
		keys := []string{"(ARRAY[tenant_id])", "labels jsonb_path_ops"}
		for _, c := range s.Columns {
			keys = append(keys, "lower("+c.Name+c.Collation+") "+s.Opclass)
		}
		definitions = append(definitions, s.Table.SQL+" USING gin ("+strings.Join(keys, ", ")+")")
	}
	if s.Collate != "" && s.Columns[0].Collation != ` COLLATE pg_catalog."C"` {
		definitions = append(definitions, s.Table.SQL+" (tenant_id, ("+s.Columns[0].Name+s.Collate+
			"))")
	}
	return definitions
}
