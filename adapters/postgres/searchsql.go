package postgres

import (
	"fmt"
	"strings"
)

// search is what the search function and the search indexes of a table are
// written from.
type search struct {
	table   *table
	columns []searchColumn // the name column first
	collate string         // what makes an ORDER BY name go byte by byte
	opclass string         // of trigram indexes; empty without them
}

// reads are the columns that the search role needs.
func (s search) reads() []string {
	reads := []string{"tenant_id", "id", "labels"}
	for _, c := range s.columns {
		reads = append(reads, c.Name)
	}
	return reads
}

// function is the statement that makes the search function.
//
// A name that its body didn't qualify could be taken for another's, and a plan
// that is kept for any values is no plan for the one at hand. A tenant that
// statistics don't know yet looks so small that its rows might as well be
// sorted, or all tables' read: both are out of the question.
func (s search) function() string {
	settings := "SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off SET enable_sort = off"
	if s.opclass != "" {
		settings += " SET enable_seqscan = off"
	}
	return "CREATE OR REPLACE FUNCTION " + s.table.searchFunction() + "(needle text, wanted jsonb, after text, page integer) RETURNS SETOF uuid\n" +
		"LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 " + settings + " AS " + literal(s.body())
}

// body is the function's own text. A common search is best answered by the first
// rows in name order, a rare one by an index; which one this is the planner
// can't tell, since row security hides the statistics from it. So it begins with
// the names, and turns to the index when hardly any of those rows matches: for
// all matches if they are few, and otherwise back to the names.
//
// Nothing in it depends on a setting that a session may change: that is why
// backslashes stand in E'…'.
func (s search) body() string {
	index := strings.NewReplacer("{declare indexed}", "", "{turn to index}", "")
	if s.opclass != "" {
		index = strings.NewReplacer("{declare indexed}", declareIndexed, "{turn to index}", turnToIndex)
	}
	var searched []string
	for i, c := range s.columns {
		searched = append(searched, fmt.Sprintf("t.%s AS c%d", c.Name, i))
	}
	return strings.NewReplacer(
		"{table}", s.table.sql,
		"{name}", "t."+s.columns[0].Name+s.collate,
		"{searched}", strings.Join(searched, ", "),
		"{row matches}", s.matches("t", func(i int) string { return s.columns[i].Name }),
		"{walked matches}", s.matches("w", func(i int) string { return fmt.Sprintf("c%d", i) }),
	).Replace(index.Replace(walkNames))
}

// matches is the condition that the row of an alias is one searched for. It
// finds what ILIKE finds, which compares lower() of both sides as well, but in a
// form that an index over lower() serves.
func (s search) matches(alias string, column func(int) string) string {
	likes := []string{"needle IS NULL"}
	for i, c := range s.columns {
		likes = append(likes, fmt.Sprintf("lower(%s.%s%s) LIKE lower(pattern%[3]s)", alias, column(i), c.Collation))
	}
	return "(" + strings.Join(likes, " OR ") + ") AND (wanted IS NULL OR " + alias + ".labels @> wanted)"
}

const walkNames = `
#variable_conflict use_variable
DECLARE
  tenant  uuid := bailiwick.current_tenant();
  pattern text := '%' || replace(replace(replace(needle, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_') || '%';{declare indexed}
  reached text := coalesce(after, '');
  missing integer := page;
  step    integer := 128;
  walked  integer;
  hits    uuid[];
BEGIN
  WHILE missing > 0 LOOP
    SELECT count(*), max(w.name), coalesce(array_agg(w.id ORDER BY w.name) FILTER (WHERE {walked matches}), '{}')
      INTO walked, reached, hits
      FROM (SELECT t.id, {name} AS name, t.labels, {searched} FROM {table} AS t
             WHERE t.tenant_id = tenant AND {name} > reached ORDER BY {name} LIMIT step) AS w;
    RETURN QUERY SELECT unnest(hits[1:missing]);
    EXIT WHEN walked < step;
    missing := missing - cardinality(hits);
    -- as far as the page will be full, if matches stay as frequent
    step := least(missing::bigint * walked / greatest(cardinality(hits), 1) + 64, 8192);{turn to index}
  END LOOP;
END `

// turnToIndex reads the tenant's matches by the index, unless they are many. An
// array of the one column is something that only this index serves: were it
// tenant_id = tenant, an index on that column alone would often look cheaper,
// for a tenant that statistics don't know yet.
const turnToIndex = `
    IF indexed AND missing > 0 AND cardinality(hits) * 32 < walked THEN
      WITH matching AS MATERIALIZED (
        SELECT t.tenant_id, t.id, {name} AS name FROM {table} AS t WHERE ARRAY[t.tenant_id] @> ARRAY[tenant] AND {row matches}
      ), few AS (
        SELECT m.id, m.name FROM matching AS m WHERE m.tenant_id = tenant LIMIT 5000
      )
      SELECT count(*) < 5000, array_agg(f.id ORDER BY f.name) FILTER (WHERE f.name > reached) INTO indexed, hits FROM few AS f;
      IF indexed THEN
        RETURN QUERY SELECT unnest(hits[1:missing]);
        EXIT;
      END IF;
    END IF;`

const declareIndexed = `
  indexed boolean := wanted IS NOT NULL OR needle ~ '` + trigramLike + `';`

// trigramLike matches a text that pg_trgm finds a trigram in: three letters or
// digits in a row, a border of a word counting as one or, where it begins, two.
const trigramLike = "[[:alnum:]]{3}|[[:alnum:]]{2}[^[:alnum:]]|[^[:alnum:]][[:alnum:]]"
