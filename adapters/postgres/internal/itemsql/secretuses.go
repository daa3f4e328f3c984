package itemsql

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
)

// The parameters of [SelectSecretUses].
const (
	UsesTenant = iota
	UsesAfter  // the name of a secret
	UsesLimit  // of secrets
	UsesItems  // how many items of each secret are read
	UsesParams // how many parameters there are before the others
)

// HasSecrets reports whether a row of t can refer to secrets.
func HasSecrets(t *declare.Table) bool { return len(t.Secrets) > 0 || len(t.MarkedSecrets) > 0 }

// SelectSecretUses returns the query for the secrets to which items of the tables refer, and its
// arguments after the first [UsesParams]. A row is an item: its kind and name, the secrets of the
// page that it refers to, and what is needed to find the places: the columns of secrets and the
// column spec. The rows are in the order of their kinds and names.
//
// The query reads the references of all items of the tenant, but returns few items: the first of
// each secret. It finds their rows again by their ids, for which there is an index; without LIMIT 1
// the planner, which overestimates their number, would read all rows once more.
// A secret is on the page if it isn't after the last one: a join could become a nested loop.
func SelectSecretUses(tables []*declare.Table, collate string) (query string, more []any) {
	var uses, items []string
	for _, t := range tables {
		found, args := secretsOf(t, UsesParams+len(more), collate)
		more = append(more, args...)
		uses = append(uses, found)
		items = append(items, fmt.Sprintf("SELECT %s AS columns, %s AS spec FROM %s AS t"+
			" WHERE t.%s = ?%d AND t.id = CASE WHEN c.kind = %s THEN c.id #>> '{}' END::%s",
			secretColumns(t), markedSpec(t), t.SQL, t.Tenant(), UsesTenant,
			sqltext.Literal(t.Kind), t.IDType))
	}
	return fmt.Sprintf(`WITH uses AS MATERIALIZED (%[1]s),
 page AS (SELECT DISTINCT secret FROM uses ORDER BY secret LIMIT ?%[3]d),
 ranked AS (SELECT u.*, dense_rank() OVER (PARTITION BY secret ORDER BY kind%[2]s, name) AS place
   FROM uses AS u WHERE secret <= (SELECT max(secret) FROM page)),
 chosen AS (SELECT kind, id, name, jsonb_agg(DISTINCT secret) AS secrets FROM ranked
   WHERE place <= ?%[4]d GROUP BY kind, id, name)
 SELECT c.kind, c.name, c.secrets, i.columns, i.spec FROM chosen AS c
 CROSS JOIN LATERAL (%[5]s LIMIT 1) AS i ORDER BY c.kind%[2]s, c.name`,
		strings.Join(uses, " UNION ALL "), collate, UsesLimit, UsesItems,
		strings.Join(items, " UNION ALL ")), more
}

// secretsOf returns the query for the names of secrets to which the rows of t refer, with the kind,
// the id and the name of the item. The first of its further arguments has the number param.
func secretsOf(t *declare.Table, param int, collate string) (query string, more []any) {
	var names, conditions []string
	for _, s := range t.Secrets {
		column := "t." + sqltext.Quote(s)
		isRef := "starts_with(" + column + ", '" + SecretMark + "')"
		names = append(names, fmt.Sprintf("SELECT substr(%s, %d) WHERE %s", column,
			len(SecretMark)+1, isRef))
		conditions = append(conditions, isRef)
	}
	if len(t.MarkedSecrets) > 0 {
		more = []any{`strict $.** ? (exists(@."$secret"))`,
			`strict $.** ? (@."$secret".type() == "string")`}
		conditions = append(conditions, fmt.Sprintf("jsonb_path_exists(t.spec, ?%d)", param))
		for i, rule := range t.MarkedSecrets {
			names = append(names, fmt.Sprintf("SELECT r ->> '$secret' FROM"+
				" jsonb_path_query(t.spec, ?%d) AS o, jsonb_each(o) AS m,"+
				" jsonb_path_query(m.value, ?%d) AS r WHERE ?%d::jsonb @> to_jsonb(m.key)"+
				" AND r - '$secret' = '{}'",
				param+len(more), param+1, param+len(more)+1))
			members, _ := json.Marshal(rule.Members) // strings always marshal
			more = append(more, markedObjects(t.MarkedSecrets[:i], rule), string(members))
		}
	}
	return fmt.Sprintf("SELECT %s::text AS kind, to_jsonb(t.id) AS id, %s::text%[3]s AS name,"+
		" s.secret%[3]s AS secret FROM %[4]s AS t CROSS JOIN LATERAL (%[5]s) AS s(secret)"+
		" WHERE t.%[6]s = ?%[7]d AND (%[8]s) AND s.secret%[3]s > ?%[9]d%[10]s",
		sqltext.Literal(t.Kind), NameExpr(t, "t"), collate, t.SQL,
		strings.Join(names, " UNION ALL "), t.Tenant(), UsesTenant,
		strings.Join(conditions, " OR "), UsesAfter, Living(t, "t")), more
}

// markedObjects returns the SQL/JSON path of the objects that a rule marks and that no rule before
// it marks, as [federation.Kinds.SecretUses] finds them.
func markedObjects(before []federation.MarkedSecret, rule federation.MarkedSecret) string {
	condition := isMarked(rule)
	for _, b := range before {
		condition += " && !(" + isMarked(b) + ")"
	}
	return "strict $.** ? (" + condition + ")"
}

// isMarked returns the condition that an object has the marker, with a value that says yes.
func isMarked(rule federation.MarkedSecret) string {
	marker, _ := json.Marshal(rule.Marker) // a string always marshals
	return strings.ReplaceAll(`(exists(@.{m}) && (@.{m}.type() == "object" || @.{m}.type() == "array"`+
		` || @.{m}.type() == "boolean" && @.{m} == true || @.{m}.type() == "number" && @.{m} != 0`+
		` || @.{m}.type() == "string" && @.{m} != "" && !(@.{m} like_regex "^false$" flag "i")))`,
		"{m}", string(marker))
}

// secretColumns returns the expression for the columns of secrets of the row t, as a JSON object.
func secretColumns(t *declare.Table) string {
	var pairs []string
	for _, s := range t.Secrets {
		pairs = append(pairs, sqltext.Literal(s)+", t."+sqltext.Quote(s))
	}
	return "jsonb_build_object(" + strings.Join(pairs, ", ") + ")"
}

// markedSpec returns the expression for the column spec, which only marked secrets need.
func markedSpec(t *declare.Table) string {
	if len(t.MarkedSecrets) == 0 {
		return noObject
	}
	return SpecOf(t)
}
