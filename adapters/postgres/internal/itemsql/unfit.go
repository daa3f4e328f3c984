package itemsql

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
)

// UnfitRule is a condition on the rows t of a kind's table that a written item never satisfies. An
// adopted row may: [federation.Kinds.CheckStored] refuses its item.
type UnfitRule struct {
	Columns   []string // that the condition reads
	Why       string
	Condition string
	Mend      string // the SET of an UPDATE; empty: an ordinary PUT mends the item
}

// controls matches the control characters of Unicode.
const controls = `[\u0001-\u001f\u007f-\u009f]`

// inexactNumber is the condition on the jsonb v that it is a number whose decimal value a double
// doesn't preserve. The limits keep the cast from failing.
const inexactNumber = `CASE WHEN jsonb_typeof(v) <> 'number' OR (v #>> '{}')::numeric = 0 THEN false
    WHEN abs((v #>> '{}')::numeric) > 1.7976931348623157e308
      OR abs((v #>> '{}')::numeric) < 4e-324 THEN true
    ELSE (v #>> '{}')::float8::text::numeric <> (v #>> '{}')::numeric END`

// UnfitRules returns the rules of a kind, for a table without tenant_id as well.
func UnfitRules(d *declare.Set, t *declare.Table) []UnfitRule {
	rules := append(hiddenRules(d, t), existing(t, []UnfitRule{
		{[]string{"spec"}, "the spec has a number that a double can't hold exactly",
			"EXISTS (SELECT FROM jsonb_path_query(t.spec, 'strict $.**') AS v WHERE " +
				inexactNumber + ")", ""},
		{[]string{"spec"}, "the spec is nested deeper than 100 levels",
			"EXISTS (SELECT FROM jsonb_path_query(t.spec, 'strict $.**{100 to last}') AS v" +
				" WHERE jsonb_typeof(v) IN ('object', 'array'))", ""},
		{[]string{"version"}, "the version is too great to count on", versionTooGreat, "version = 1"},
	})...)
	if t.Singleton == "" {
		rules = append(rules, nameRule(t))
	}
	for _, c := range t.Columns {
		if c.JSON == federation.Number && c.Form != declare.Pinned { // a pinned one is a Float
			rules = append(rules, UnfitRule{[]string{c.Name}, c.Name + " isn't a number that JSON has",
				"t." + sqltext.Quote(c.Name) + "::text IN ('NaN', 'Infinity', '-Infinity')", ""})
		}
		if values := c.Enum(); len(values) > 0 {
			for i, v := range values {
				values[i] = sqltext.Literal(v)
			}
			rules = append(rules, UnfitRule{[]string{c.Name},
				c.Name + " is none of the declared values", "t." + sqltext.Quote(c.Name) +
					"::text NOT IN (" + strings.Join(values, ", ") + ")", ""})
		}
	}
	return append(rules, danglingJoinRules(d, t)...)
}

// hiddenRules are the rules that the item of an unfit row may satisfy: it shows another spec, other
// labels or no reference. So a PUT of that very item mends the row.
func hiddenRules(d *declare.Set, t *declare.Table) []UnfitRule {
	return append(existing(t, []UnfitRule{
		{[]string{"spec"}, "the spec isn't an object", "jsonb_typeof(t.spec) <> 'object'", ""},
		{[]string{"labels"}, "the labels aren't an object of at most 64 strings without control" +
			" characters, each with a key", labelsUnfit, ""},
		{[]string{"created_at", "updated_at"}, "a time isn't in the years 1 to 9999",
			timeExpr("t.created_at") + " IS NULL OR " + timeExpr("t.updated_at") + " IS NULL", ""},
		{[]string{"version"}, "the version isn't positive", "t.version < 1", ""},
	}), danglingRules(d, t)...)
}

// HiddenUnfit returns the condition that a row t is unfit though its item may be fit.
func HiddenUnfit(d *declare.Set, t *declare.Table) string {
	var conditions []string
	for _, r := range hiddenRules(d, t) {
		conditions = append(conditions, "("+r.Condition+") IS TRUE")
	}
	return strings.Join(conditions, " OR ")
}

// versionTooGreat leaves room for one more change in an integer, and in a bigint as far as a JSON
// number is exact (2⁵³).
const versionTooGreat = "t.version > CASE pg_typeof(t.version)" +
	" WHEN 'bigint'::regtype THEN 9007199254740990 ELSE 2147483646 END"

const labelsUnfit = `jsonb_typeof(t.labels) <> 'object' OR EXISTS (
    SELECT FROM jsonb_each(CASE jsonb_typeof(t.labels) WHEN 'object' THEN t.labels ELSE '{}' END) AS l
    WHERE l.key = '' OR jsonb_typeof(l.value) <> 'string'
      OR l.key || (l.value #>> '{}') ~ '` + controls + `')
  OR (SELECT count(*) > 64 FROM jsonb_object_keys(
    CASE jsonb_typeof(t.labels) WHEN 'object' THEN t.labels ELSE '{}' END))`

// nameRule names the names that [tenancy.CheckName] refuses. No PUT changes a name.
func nameRule(t *declare.Table) UnfitRule {
	name := "t." + sqltext.Quote(t.NameColumn)
	return UnfitRule{[]string{t.NameColumn}, "the name is empty, longer than 256 characters, begins" +
		" or ends with a space, or has control or invisible characters: by this name, percent-encoded," +
		" the item is read and deleted, not changed",
		fmt.Sprintf(`%[1]s = '' OR char_length(%[1]s) > 256 OR %[1]s ~ '^\s|\s$' OR %[1]s ~ '%[2]s'`+
			` OR %[1]s ~ '[\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]'`, name, controls),
		fmt.Sprintf(`%[1]s = btrim(left(btrim(regexp_replace(%[1]s,`+
			` '[\u0001-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]',`+
			` '', 'g')), 240) || '-' || left(id::text, 13), ' -')`, sqltext.Quote(t.NameColumn))}
}

// danglingRules name references to rows that don't exist, which only a table without a valid foreign
// key has.
func danglingRules(d *declare.Set, t *declare.Table) []UnfitRule {
	var rules []UnfitRule
	for _, r := range t.References {
		for _, to := range targetsOf(d, r) {
			column := "t." + sqltext.Quote(to.column)
			rules = append(rules, danglingRule(r, to.column,
				fmt.Sprintf("%[1]s IS NOT NULL AND NOT EXISTS (SELECT FROM %[2]s AS x WHERE x.%[3]s = %[1]s%[4]s)",
					column, to.sql, sqltext.Quote(to.id), Living(to.table, "x"))))
		}
	}
	return rules
}

// danglingJoinRules are the danglingRules of join tables.
func danglingJoinRules(d *declare.Set, t *declare.Table) []UnfitRule {
	var rules []UnfitRule
	for _, r := range t.References {
		if r.JoinTable != nil {
			rules = append(rules, danglingRule(r, "id",
				fmt.Sprintf("EXISTS (SELECT FROM %s AS j WHERE j.%s = t.id AND NOT EXISTS (SELECT"+
					" FROM %s AS x WHERE x.id = j.%s%s))", r.JoinTable.SQL,
					sqltext.Quote(r.JoinTable.From), d.ByKind[r.Kind].SQL,
					sqltext.Quote(r.JoinTable.To), Living(d.ByKind[r.Kind], "x"))))
		}
	}
	return rules
}

func danglingRule(r declare.Reference, column, condition string) UnfitRule {
	return UnfitRule{[]string{column}, r.Field + " refers to a row that doesn't exist", condition, ""}
}
