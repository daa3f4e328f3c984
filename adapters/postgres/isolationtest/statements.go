package isolationtest

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// statements returns the attacks on one relation, with each kind of SQL statement on rows.
func (e *examination) statements(t *relation) []statement {
	all := e.reads(t)
	all = append(all, e.writes(t)...)
	all = append(all, e.indirectReads(t)...)
	if !t.View {
		all = append(all, e.inserts(t)...)
	}
	return all
}

// template fills in a query: {T} is the relation, {C} its column with the tenant's id, {A} the
// attacker, {B} the victim, {K} a condition that is true for one row of the victim. A condition on
// the victim has the constant first: otherwise filterbypass would take it for a filter and remove
// it.
func (e *examination) template(t *relation) *strings.Replacer {
	return strings.NewReplacer("{T}", t.SQL, "{C}", t.tenant(), "{A}", uuidOf(e.attacker.ID), "{B}",
		uuidOf(e.victim.ID),
		"{K}", e.victimRowCondition(t))
}

// victimRowCondition returns a condition on the key of a row of the victim. The attacker may
// have a row with the same key.
func (e *examination) victimRowCondition(t *relation) string {
	rows := t.rows[e.victim.ID]
	if len(rows) == 0 {
		return "true"
	}
	return rows[0].matches(t.primary())
}

// matches returns a condition that the columns, of any type, have the row's values.
func (r row) matches(columns []string) string {
	conditions := []string{"true"}
	for _, c := range columns {
		conditions = append(conditions,
			fmt.Sprintf("to_jsonb(%s) = %s::jsonb", sqltext.Quote(c),
				sqltext.Literal(string(r[c]))))
	}
	return "(" + strings.Join(conditions, " AND ") + ")"
}

func (e *examination) fromTemplates(
	t *relation, attack string, v verdict, queries ...string,
) []statement {
	var list []statement
	for _, q := range queries {
		list = append(list, statement{attack: attack, query: e.template(t).Replace(q), verdict: v,
			others: strings.Contains(q, "{C} <> ")})
	}
	return list
}

func (e *examination) reads(t *relation) []statement {
	var all []statement
	all = append(all, e.fromTemplates(t, "SQL: SELECT, by id and all, counts and aggregates",
		wantZeroRows,
		"SELECT count(*) FROM {T} WHERE {B} = {C}",
		"SELECT count(*) FROM {T} WHERE {K} AND {C} <> {A}",
		"SELECT count(*) FROM {T} WHERE {C} <> {A} OR {C} IS NULL",
		"SELECT count(*) FROM (SELECT {C}, count(*) FROM {T}"+
			" GROUP BY ROLLUP ({C})) AS g WHERE {C} <> {A}",
		"SELECT count(*) FROM (SELECT first_value({C}) OVER (ORDER BY {C}) AS tenant"+
			" FROM {T}) AS w WHERE tenant <> {A}",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: SELECT, by id and all, counts and aggregates",
		e.wantNoLeak,
		"SELECT t::text FROM {T} AS t",
		"SELECT string_agg(t::text, ' ') FROM {T} AS t HAVING count(*) > 0",
	)...)
	return append(all, e.fromTemplates(t, "SQL: SELECT FOR UPDATE, FOR SHARE", wantZeroRows,
		"SELECT count(*) FROM (SELECT {C} FROM {T} WHERE {K} AND {C} <> {A}"+
			" FOR UPDATE) AS l",
		"SELECT count(*) FROM (SELECT {C} FROM {T} WHERE {B} = {C} FOR SHARE) AS l",
	)...)
}

// indirectReads reach rows through joins, cursors, COPY and changed settings.
func (e *examination) indirectReads(t *relation) []statement {
	var all []statement
	all = append(all, e.fromTemplates(t, "SQL: join, sub-select, CTE, lateral, union", wantZeroRows,
		"SELECT count(*) FROM {T} AS x JOIN {T} AS y ON {B} = y.{C}",
		"SELECT count(*) FROM (VALUES (1)) AS v LEFT JOIN {T} AS y ON y.{C} <> {A}"+
			" WHERE y.{C} IS NOT NULL",
		"SELECT count(*) FROM {T} AS x WHERE EXISTS (SELECT FROM {T} AS y WHERE {B} = y.{C})",
		"SELECT count(*) FROM {T} AS x WHERE x.{C} IN (SELECT y.{C} FROM {T} AS y"+
			" WHERE y.{C} <> {A})",
		"SELECT (SELECT count(*) FROM (WITH stolen AS MATERIALIZED (SELECT {C}"+
			" FROM {T}) SELECT FROM stolen WHERE {B} = {C}) AS c)",
		"SELECT count(*) FROM (VALUES ({B})) AS v(id) CROSS JOIN LATERAL (SELECT {C}"+
			" FROM {T} WHERE {C} = v.id) AS y",
		"SELECT count(*) FROM (SELECT {C} FROM {T} UNION ALL SELECT {C}"+
			" FROM {T}) AS u WHERE {C} <> {A}",
	)...)
	cursor := e.fromTemplates(t, "SQL: cursor", e.wantNoLeak, "FETCH ALL FROM stolen")
	cursor[0].before = e.template(t).
		Replace("DECLARE stolen CURSOR FOR SELECT {C}::text FROM {T}")
	all = append(all, cursor...)
	all = append(all, e.fromTemplates(t, "SQL: COPY, TRUNCATE", wantError, "COPY {T} TO STDOUT",
		"TRUNCATE {T} CASCADE")...)
	for _, before := range e.impersonations() {
		changed := e.fromTemplates(t, impersonationAttack, wantZeroRows,
			"SELECT count(*) FROM {T} WHERE {C} <> {A}")
		changed[0].before = before
		all = append(all, changed...)
	}
	return append(all, e.fromTemplates(t, impersonationAttack, wantZeroRows,
		"SELECT count(*) FROM (SELECT "+e.forgedSetting()+
			") AS s, {T} AS t WHERE t.{C} <> {A}")...)
}

const impersonationAttack = "SQL: another tenant's setting, another role"

// impersonations returns what injected SQL would try first: to be another tenant, or a role to
// which no policy applies.
func (e *examination) impersonations() []string {
	const farExpiry, noSignature = ".4102444800.",
		"0000000000000000000000000000000000000000000000000000000000000000"
	return []string{
		"SET LOCAL bailiwick.tenant = " + sqltext.Literal(e.victim.ID.String()),
		"SET LOCAL bailiwick.tenant = " +
			sqltext.Literal(e.victim.ID.String()+farExpiry+noSignature),
		"DO $$ BEGIN PERFORM " + e.forgedSetting() + "; END $$",
		"RESET ROLE; SET LOCAL bailiwick.tenant = ''",
		"SET LOCAL SESSION AUTHORIZATION DEFAULT",
		"DO $$ BEGIN EXECUTE (SELECT format('SET LOCAL ROLE %I', pg_get_userbyid(nspowner))" +
			" FROM pg_namespace WHERE nspname = 'bailiwick'); END $$", // the owner role
		"SET LOCAL row_security = off",
	}
}

// forgedSetting replaces the attacker's id by the victim's in the setting, and keeps the rest
// of it.
func (e *examination) forgedSetting() string {
	return fmt.Sprintf("set_config('bailiwick.tenant',"+
		" replace(current_setting('bailiwick.tenant'), %s, %s), true)",
		sqltext.Literal(e.attacker.ID.String()), sqltext.Literal(e.victim.ID.String()))
}

func (e *examination) writes(t *relation) []statement {
	var all []statement
	all = append(all, e.fromTemplates(t, "SQL: UPDATE, by id and all", wantNoChange,
		"UPDATE {T} SET {C} = {C} WHERE {K} AND {C} <> {A}",
		"UPDATE {T} AS x SET {C} = x.{C} FROM {T} AS y WHERE y.{C} <> {A}",
		"UPDATE {T} SET {C} = {A} WHERE {C} <> {A}",
		"DO $$ BEGIN UPDATE {T} SET {C} = {A} WHERE {C} <> {A}; END $$",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: UPDATE, by id and all", wantZeroRows,
		"WITH hit AS (UPDATE {T} SET {C} = {C} RETURNING {C}) SELECT count(*)"+
			" FROM hit WHERE {C} <> {A}",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: UPDATE that gives a row to the other", wantRefused,
		"UPDATE {T} SET {C} = {B}",
		"UPDATE {T} SET {C} = {B} WHERE {C} = {A}",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: DELETE, by id and all", wantNoChange,
		"DELETE FROM {T} WHERE {K} AND {C} <> {A}",
		"DELETE FROM {T} AS x USING {T} AS y WHERE y.{C} = x.{C}"+
			" AND x.{C} <> {A}",
		"DO $$ BEGIN DELETE FROM {T} WHERE {C} <> {A}; END $$",
	)...)
	return append(all, e.fromTemplates(t, "SQL: DELETE, by id and all", wantZeroRows,
		"WITH hit AS (DELETE FROM {T} RETURNING {C}) SELECT count(*) FROM hit"+
			" WHERE {C} <> {A}",
	)...)
}

// inserts insert rows for the victim, and take over the victim's rows.
func (e *examination) inserts(t *relation) []statement {
	var all []statement
	if made, err := e.makeRow(t, e.victim, 0, e.freshName()); err == nil {
		all = append(all, e.fromTemplates(t, "SQL: INSERT for the other", wantRefused,
			t.insert(made))...)
	}
	for _, r := range t.rows[e.victim.ID] {
		all = append(all, e.fromTemplates(t, "SQL: INSERT for the other", wantRefused,
			t.insert(t.writable(r)))...)
		all = append(all, e.fromTemplates(t, "SQL: INSERT … ON CONFLICT over a row of the other",
			wantRefused,
			t.insert(t.writable(r))+" ON CONFLICT DO NOTHING",
			t.insert(t.writable(r))+" ON CONFLICT ("+columnList("", t.arbiter())+
				") DO UPDATE SET {C} = {A}",
		)...)
		break
	}
	names := t.columnsOf(t.anyRow(e.victim))
	values := strings.Replace(columnList("", names), sqltext.Quote(t.Tenant), "{A}", 1)
	return append(all, e.fromTemplates(t, "SQL: INSERT … SELECT", wantNoChange,
		"INSERT INTO {T} ("+columnList("", names)+") SELECT "+values+
			" FROM {T} WHERE {C} <> {A}",
	)...)
}

// arbiter returns the columns of the unique key for ON CONFLICT.
func (t *relation) arbiter() []string {
	if len(t.keys) == 0 {
		return []string{t.Tenant}
	}
	return t.keys[0].Columns
}

// writable returns the row without generated columns.
func (t *relation) writable(r row) row {
	kept := row{}
	for _, name := range t.columnsOf(r) {
		kept[name] = r[name]
	}
	return kept
}

func (t *relation) anyRow(s *tenantSide) row {
	if len(t.rows[s.ID]) == 0 {
		return row{t.Tenant: nil}
	}
	return t.rows[s.ID][0]
}
