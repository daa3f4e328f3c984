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

// template fills in a query: {T} is the relation, {A} the attacker, {B} the victim, {K} a
// condition that is true for one row of the victim. A condition on the victim has the constant
// first: otherwise filterbypass would take it for a filter and remove it.
func (e *examination) template(t *relation) *strings.Replacer {
	return strings.NewReplacer("{T}", t.SQL, "{A}", uuidOf(e.attacker.ID), "{B}",
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
		list = append(list, statement{attack: attack, query: e.template(t).Replace(q), verdict: v})
	}
	return list
}

func (e *examination) reads(t *relation) []statement {
	var all []statement
	all = append(all, e.fromTemplates(t, "SQL: SELECT, by id and all, counts and aggregates",
		wantZeroRows,
		"SELECT count(*) FROM {T} WHERE {B} = tenant_id",
		"SELECT count(*) FROM {T} WHERE {K} AND tenant_id <> {A}",
		"SELECT count(*) FROM {T} WHERE tenant_id <> {A} OR tenant_id IS NULL",
		"SELECT count(*) FROM (SELECT tenant_id, count(*) FROM {T}"+
			" GROUP BY ROLLUP (tenant_id)) AS g WHERE tenant_id <> {A}",
		"SELECT count(*) FROM (SELECT first_value(tenant_id) OVER (ORDER BY tenant_id) AS tenant"+
			" FROM {T}) AS w WHERE tenant <> {A}",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: SELECT, by id and all, counts and aggregates",
		e.wantNoLeak,
		"SELECT t::text FROM {T} AS t",
		"SELECT string_agg(t::text, ' ') FROM {T} AS t HAVING count(*) > 0",
	)...)
	return append(all, e.fromTemplates(t, "SQL: SELECT FOR UPDATE, FOR SHARE", wantZeroRows,
		"SELECT count(*) FROM (SELECT tenant_id FROM {T} WHERE {K} AND tenant_id <> {A}"+
			" FOR UPDATE) AS l",
		"SELECT count(*) FROM (SELECT tenant_id FROM {T} WHERE {B} = tenant_id FOR SHARE) AS l",
	)...)
}

// indirectReads reach rows through joins, cursors, COPY and changed settings.
func (e *examination) indirectReads(t *relation) []statement {
	var all []statement
	all = append(all, e.fromTemplates(t, "SQL: join, sub-select, CTE, lateral, union", wantZeroRows,
		"SELECT count(*) FROM {T} AS x JOIN {T} AS y ON {B} = y.tenant_id",
		"SELECT count(*) FROM (VALUES (1)) AS v LEFT JOIN {T} AS y ON y.tenant_id <> {A}"+
			" WHERE y.tenant_id IS NOT NULL",
		"SELECT count(*) FROM {T} AS x WHERE EXISTS (SELECT FROM {T} AS y WHERE {B} = y.tenant_id)",
		"SELECT count(*) FROM {T} AS x WHERE x.tenant_id IN (SELECT y.tenant_id FROM {T} AS y"+
			" WHERE y.tenant_id <> {A})",
		"SELECT (SELECT count(*) FROM (WITH stolen AS MATERIALIZED (SELECT tenant_id"+
			" FROM {T}) SELECT FROM stolen WHERE {B} = tenant_id) AS c)",
		"SELECT count(*) FROM (VALUES ({B})) AS v(id) CROSS JOIN LATERAL (SELECT tenant_id"+
			" FROM {T} WHERE tenant_id = v.id) AS y",
		"SELECT count(*) FROM (SELECT tenant_id FROM {T} UNION ALL SELECT tenant_id"+
			" FROM {T}) AS u WHERE tenant_id <> {A}",
	)...)
	cursor := e.fromTemplates(t, "SQL: cursor", e.wantNoLeak, "FETCH ALL FROM stolen")
	cursor[0].before = e.template(t).
		Replace("DECLARE stolen CURSOR FOR SELECT tenant_id::text FROM {T}")
	all = append(all, cursor...)
	all = append(all, e.fromTemplates(t, "SQL: COPY, TRUNCATE", wantError, "COPY {T} TO STDOUT",
		"TRUNCATE {T} CASCADE")...)
	for _, before := range e.impersonations() {
		changed := e.fromTemplates(t, impersonationAttack, wantZeroRows,
			"SELECT count(*) FROM {T} WHERE tenant_id <> {A}")
		changed[0].before = before
		all = append(all, changed...)
	}
	return append(all, e.fromTemplates(t, impersonationAttack, wantZeroRows,
		"SELECT count(*) FROM (SELECT "+e.forgedSetting()+
			") AS s, {T} AS t WHERE t.tenant_id <> {A}")...)
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
		"UPDATE {T} SET tenant_id = tenant_id WHERE {K} AND tenant_id <> {A}",
		"UPDATE {T} AS x SET tenant_id = x.tenant_id FROM {T} AS y WHERE y.tenant_id <> {A}",
		"UPDATE {T} SET tenant_id = {A} WHERE tenant_id <> {A}",
		"DO $$ BEGIN UPDATE {T} SET tenant_id = {A} WHERE tenant_id <> {A}; END $$",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: UPDATE, by id and all", wantZeroRows,
		"WITH hit AS (UPDATE {T} SET tenant_id = tenant_id RETURNING tenant_id) SELECT count(*)"+
			" FROM hit WHERE tenant_id <> {A}",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: UPDATE that gives a row to the other", wantRefused,
		"UPDATE {T} SET tenant_id = {B}",
		"UPDATE {T} SET tenant_id = {B} WHERE tenant_id = {A}",
	)...)
	all = append(all, e.fromTemplates(t, "SQL: DELETE, by id and all", wantNoChange,
		"DELETE FROM {T} WHERE {K} AND tenant_id <> {A}",
		"DELETE FROM {T} AS x USING {T} AS y WHERE y.tenant_id = x.tenant_id"+
			" AND x.tenant_id <> {A}",
		"DO $$ BEGIN DELETE FROM {T} WHERE tenant_id <> {A}; END $$",
	)...)
	return append(all, e.fromTemplates(t, "SQL: DELETE, by id and all", wantZeroRows,
		"WITH hit AS (DELETE FROM {T} RETURNING tenant_id) SELECT count(*) FROM hit"+
			" WHERE tenant_id <> {A}",
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
				") DO UPDATE SET tenant_id = {A}",
		)...)
		break
	}
	names := t.columnsOf(t.anyRow(e.victim))
	values := strings.Replace(columnList("", names), sqltext.Quote(tenantColumn), "{A}", 1)
	return append(all, e.fromTemplates(t, "SQL: INSERT … SELECT", wantNoChange,
		"INSERT INTO {T} ("+columnList("", names)+") SELECT "+values+
			" FROM {T} WHERE tenant_id <> {A}",
	)...)
}

// arbiter returns the columns of the unique key for ON CONFLICT.
func (t *relation) arbiter() []string {
	if len(t.keys) == 0 {
		return []string{tenantColumn}
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
		return row{tenantColumn: nil}
	}
	return t.rows[s.ID][0]
}
