package itemsql

import (
	"fmt"
	"slices"
	"strings"
)

// body returns the PL/pgSQL body of the function that searches. For a common text, reading the
// first rows in the order of the names is fastest; for a rare text, reading an index. The
// planner can't know which one a text is, since row security hides the statistics from it. So
// the function first reads rows in the order of the names. When hardly any of them matches, it
// switches to the index: it takes all matches from there if they are few, and otherwise
// returns to the order of the names.
//
// Nothing in the body depends on a setting that a session may change. For this reason
// backslashes are written in E'…'.
func (s Search) body() string {
	index := strings.NewReplacer("{index text}", "", "{look ahead}", "", "{turn to index}", "")
	if s.Opclass != "" {
		index = strings.NewReplacer("{index text}", indexText, "{look ahead}", lookAhead,
			"{turn to index}", turnToIndex)
	}
	var declarations, assignments, searched []string
	for i, c := range s.Columns {
		searched = append(searched, fmt.Sprintf("t.%s AS c%d", c.Name, i))
		if pattern := s.pattern(i); pattern == fmt.Sprintf("pattern%d", i) {
			declarations = append(declarations, "\n  "+pattern+" text;")
			assignments = append(assignments, "\n    "+pattern+" := lower(pattern"+c.Collation+");")
		}
	}
	textMatches := s.matches("t", func(i int) string { return s.Columns[i].Name })
	walkedMatches := s.matches("w", func(i int) string { return fmt.Sprintf("c%d", i) })
	return strings.NewReplacer(
		"{table}", s.Table.SQL, "{id type}", s.Table.IDType,
		"{tenant}", s.Table.Tenant(),
		"{living}", Living(s.Table, "t"), "{labels}", LabelsOf(s.Table),
		"{name}", "t."+s.Columns[0].Name+s.Collate,
		"{searched}", strings.Join(searched, ", "),
		"{patterns}", strings.Join(declarations, ""),
		"{lower patterns}", strings.Join(assignments, ""),
		"{walked matches}", "(needle IS NULL OR "+walkedMatches+
			") AND (wanted IS NULL OR w.labels @> wanted)",
		"{text matches}", textMatches,
	).Replace(index.Replace(walkNames))
}

// pattern returns the name of the variable with the LIKE pattern for a column. Columns with the
// same collation share a variable.
func (s Search) pattern(column int) string {
	first := slices.IndexFunc(s.Columns,
		func(c SearchColumn) bool { return c.Collation == s.Columns[column].Collation })
	return fmt.Sprintf("pattern%d", first)
}

// matches returns the condition that a row contains the text. It finds what ILIKE finds, which
// also compares lower() of both sides, but in a form for which an index on lower() can be used.
func (s Search) matches(alias string, column func(int) string) string {
	var likes []string
	for i, c := range s.Columns {
		likes = append(likes, fmt.Sprintf("lower(%s.%s%s) LIKE %s", alias, column(i), c.Collation,
			s.pattern(i)))
	}
	return "(" + strings.Join(likes, " OR ") + ")"
}

// walkNames reads rows in the order of the names, a growing number per step. It relies on
// array_agg keeping the order of the sub-select. Each expression and statement that is executed
// costs time in every transaction, so the path of a rare search has as few as possible.
const walkNames = `
#variable_conflict use_variable
DECLARE
  pattern text;{patterns}
  indexed boolean := wanted IS NOT NULL;
  scarce  boolean;
  step    integer := 128;
  walked  integer;
  hits    {id type}[];
  found   {id type}[] := '{}';
BEGIN
  IF needle IS NOT NULL THEN
    pattern := '%' || replace(replace(replace(needle, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_') ||
      '%';{lower patterns}{index text}
  END IF;
  after := coalesce(after, '');{look ahead}
  WHILE page > 0 LOOP{turn to index}
    SELECT count(*), max(w.name), coalesce(array_agg(w.id) FILTER (WHERE {walked matches}), '{}')
      INTO walked, after, hits
      FROM (SELECT t.id, {name} AS name, {labels} AS labels, {searched} FROM {table} AS t
             WHERE t.{tenant} = tenant{living} AND {name} > after ORDER BY {name} LIMIT step) AS w;
    found := found || hits[1:page];
    EXIT WHEN walked < step;
    page := page - cardinality(hits);
    scarce := indexed AND cardinality(hits) * 32 < walked;
    -- as many rows as fill the page if the frequency of matches stays the same
    step := least(page::bigint * walked / greatest(cardinality(hits), 1) + 64, 8192);
  END LOOP;
  RETURN found;
END `

// lookAhead treats a search as rare if none of the first 24 rows matches. For a common search
// it reads only a row or two.
const lookAhead = `
  IF indexed THEN
    scarce := NOT EXISTS (SELECT FROM (SELECT {name} AS name, {labels} AS labels, {searched} FROM {table} AS t
      WHERE t.{tenant} = tenant{living} AND {name} > after ORDER BY {name} LIMIT 24) AS w WHERE {walked matches});
  END IF;`

// turnToIndex reads the tenant's matches from the index, unless there are many. It compares
// ARRAY[tenant_id], for which only this index can be used. With tenant_id = tenant, an index on
// this column alone would often seem cheaper, for a tenant that has no statistics yet. There
// are three statements because no index can be used for a condition on a value that may be
// NULL.
var turnToIndex = `
    IF scarce THEN
      IF needle IS NULL THEN` + fewMatches("{labels} @> wanted") + `
      ELSIF wanted IS NULL THEN` + fewMatches("{text matches}") + `
      ELSE` + fewMatches("{labels} @> wanted AND {text matches}") + `
      END IF;
      IF indexed THEN
        RETURN found || hits[1:page];
      END IF;
    END IF;`

// fewMatches returns the statement that reads the matches of a condition from the index. It
// sets indexed to false if there are 5000 or more.
func fewMatches(condition string) string {
	return `
        SELECT count(*) < 5000, array_agg(f.id ORDER BY f.name) FILTER (WHERE f.name > after) INTO indexed, hits
          FROM (SELECT t.id, {name} AS name FROM {table} AS t
                 WHERE ARRAY[t.{tenant}] @> ARRAY[tenant]{living} AND ` + condition + ` LIMIT 5000) AS f;`
}

// indexText decides whether the index can be used for the text.
const indexText = `
    indexed := indexed OR needle ~ '` + trigramLike + `';`

// trigramLike matches a text in which pg_trgm finds a trigram: three letters or digits in a
// row. The end of a word counts as one of them, its beginning as two.
const trigramLike = "[[:alnum:]]{3}|[[:alnum:]]{2}[^[:alnum:]]|[^[:alnum:]][[:alnum:]]"
