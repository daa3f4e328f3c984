package session_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
)

func TestStatementWithoutSessionEffectsIsAllowed(t *testing.T) {
	t.Parallel()
	for _, query := range []string{
		"", " ", ";", ";;", "-- nothing",
		"SELECT 1", "select 1;", "SELECT 1; SELECT 2", "(SELECT 1)",
		"((SELECT 1)) UNION (SELECT 2)", "TABLE books", "VALUES (1)",
		"WITH a AS (SELECT 1) SELECT * FROM a",
		"INSERT INTO books VALUES (1)", "INSERT INTO books SELECT * FROM drafts",
		"insert\ninto books default values",
		"WITH a AS (SELECT 1) INSERT INTO books SELECT * FROM a",
		"WITH a AS (INSERT INTO books VALUES (1) RETURNING id) SELECT * FROM a",
		"WITH a AS MATERIALIZED (SELECT 1), b AS (INSERT INTO books VALUES (1)" +
			" RETURNING id) SELECT * FROM a, b",
		"MERGE INTO books AS b USING drafts AS d ON b.id = d.id WHEN NOT MATCHED THEN INSERT" +
			" VALUES (1)",
		"WITH a AS (SELECT 1) MERGE INTO books USING a ON true WHEN MATCHED THEN DELETE",
		"UPDATE books SET title = 'x'", "DELETE FROM books",
		`SELECT "into", t."into" FROM t`,
		"SELECT 'SELECT 1 INTO x', $$LISTEN x; COMMIT$$, E'\\'; COMMIT; --'",
		"SELECT 1 /* INTO x; COMMIT */ -- ; LISTEN x",
		"SAVEPOINT a", "RELEASE SAVEPOINT a", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT a",
		"ROLLBACK WORK TO a", "rollback transaction to savepoint a",
		"SET LOCAL work_mem = '64MB'", "set local search_path to x, y", "SET LOCAL TIME ZONE 'UTC'",
		"SET TRANSACTION READ ONLY", "SET CONSTRAINTS ALL DEFERRED",
		"SELECT set_config('work_mem', '64MB', true)",
		"SELECT pg_catalog.set_config('a.b', t.x || 'y', 'true') FROM t",
		"SELECT set_config ( 'work_mem' , '64MB' , /* yes */ TRUE )",
		"SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(2), pg_notify('a', 'b')",
		"SELECT pg_advisory_lock FROM t", "SELECT 'pg_advisory_lock(1)'",
		"DECLARE c CURSOR FOR SELECT 1", "DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1",
		"FETCH 1 FROM c", "MOVE c", "CLOSE c",
		"CREATE TEMP TABLE x (a int) ON COMMIT DROP",
		"CREATE LOCAL TEMPORARY TABLE x ON COMMIT DROP AS SELECT 1",
		"SELECT bailiwick.current_tenant()", "SELECT * FROM bailiwick.tenants", "SHOW a.b",
		"SELECT current_setting('bailiwick.tenant', true)",
		"SELECT 'SET LOCAL bailiwick.tenant'", "SET LOCAL bailiwicks.tenant = 'x'",
		"LOCK TABLE books", "NOTIFY a, 'b'", "CALL host(1)", "SHOW work_mem",
		"EXPLAIN SELECT 1", "EXPLAIN ANALYZE VERBOSE SELECT 1",
		"EXPLAIN (ANALYZE, BUFFERS off) INSERT INTO books VALUES (1)",
		"EXPLAIN", "EXPLAIN (ANALYZE)", "EXPLAIN;", "EXPLAIN (SELECT 1)",
		"EXPLAIN ANALYZE (SELECT 1) UNION SELECT 2;",
		"EXPLAIN (ANALYZE) (WITH a AS (SELECT 1) TABLE a)",
		"SELECT setting FROM pg_settings", "UPDATE books SET title = 'pg_settings'",
		"SELECT $1", "SELECT !", "'a'", "1",
	} {
		require.NoError(t, session.Check(query), query)
	}
}

// refusedQueries leave something on the connection, or begin or end a transaction without the
// pool's knowledge. The key is a part of the refusal's text.
var refusedQueries = map[string][]string{
	"SET LOCAL": {
		"SET work_mem = '64MB'", "SET SESSION work_mem = '64MB'", "set/**/work_mem to default",
		"SET search_path = x", "SET ROLE x", "SET SESSION AUTHORIZATION x",
		"SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "SET TIME ZONE 'UTC'",
		"SET NAMES 'LATIN1'", "SET bailiwick.tenant = ''", `SET "work_mem" = '64MB'`,
		"SELECT 1; SET work_mem = '64MB'", "SELECT 1;-- x\nSET work_mem = '64MB'",
		"SELECT E'\\''; SET work_mem = '64MB' --'", "SELECT $a$ $b$ $a$; SET x = 1 --$b$",
		"SELECT '\\'; SET x = 1 --'", "/* /* */ */ SET x = 1", "SELECT 1 -- \rSET\r;SET x = 1",
		"SET", "SET LOCAL",
	},
	"how values are read": {
		"SET LOCAL standard_conforming_strings = off",
		`SET LOCAL "standard_conforming_strings" = off`,
		`SET LOCAL "Standard_Conforming_STRINGS" TO off`,
		"SET LOCAL client_encoding = 'SJIS'", "SET LOCAL NAMES 'SJIS'",
		`SET LOCAL bailiwick.U&"t\0065nant" = 'x'`, `SET LOCAL U&"bailiwick"."tenant" = 'x'`,
		"SET LOCAL backslash_quote = on", `SET LOCAL U&"standard\005fconforming_strings" = off`,
		"SELECT set_config('standard_conforming_strings', 'off', true)",
		"SELECT set_config('Client_Encoding', 'SJIS', true)",
	},
	"deadline": {
		"SET LOCAL statement_timeout = 0", `SET LOCAL "STATEMENT_TIMEOUT" TO 0`,
		"SELECT 1; SET LOCAL statement_timeout = 0; SELECT pg_sleep(1000)",
		"SELECT set_config('statement_timeout', '0', true)",
	},
	"settings bailiwick.*": {
		"SET LOCAL bailiwick.tenant = 'x'", "set local BAILIWICK.Tenant TO DEFAULT",
		`SET LOCAL "bailiwick"."tenant" = 'x'`, `SET LOCAL "bailiwick.tenant" = 'x'`,
		`SET LOCAL "Bailiwick" . /* */ tenant = 'x'`, "SET LOCAL bailiwick/**/./**/tenant = 'x'",
		"SET LOCAL bailiwick.bypass = on",
		"SELECT 1; SET LOCAL bailiwick.tenant = 'x'; SELECT 2",
		"SELECT set_config('bailiwick.tenant', 'x', true)",
		"SELECT pg_catalog.set_config('BAILIWICK.tenant', NULL, true)",
		`SELECT "set_config"/**/('bailiwick.tenant', 'x', true)`,
		"SELECT * FROM books WHERE set_config('bailiwick.tenant', 'x', true) = ''",
		"INSERT INTO books VALUES (1) RETURNING set_config('bailiwick.tenant', '', true)",
		"WITH a AS (SELECT set_config('bailiwick.tenant', 'x', true)) TABLE a",
		"DECLARE c CURSOR FOR SELECT set_config('bailiwick.tenant', 'x', true)",
		"EXPLAIN ANALYZE SELECT set_config('bailiwick.tenant', 'x', true)",
		"CALL host(set_config('bailiwick.tenant', 'x', true))",
		"SHOW bailiwick.tenant", `SHOW "bailiwick".tenant`, `SHOW "BAILIWICK.TENANT"`,
	},
	"another role": {
		"SET LOCAL ROLE bailiwick_owner", "SET LOCAL ROLE NONE", `SET LOCAL "role" = 'x'`,
		"SET LOCAL SESSION AUTHORIZATION DEFAULT", "SET LOCAL session_authorization = 'x'",
		"SELECT set_config('role', 'bailiwick_owner', true)",
		"SELECT set_config('session_authorization', 'x', true)",
		"SET LOCAL SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
	},
	"connection that tenants share:": {
		"RESET bailiwick.tenant", "RESET ROLE", "RESET SESSION AUTHORIZATION",
		"DO $$ BEGIN SET LOCAL bailiwick.tenant = 'x'; END $$",
		"ALTER ROLE CURRENT_USER SET bailiwick.tenant = 'x'", "DISCARD ALL",
		"PREPARE x AS SELECT set_config('bailiwick.tenant', 'x', true)",
	},
	"last argument must be true": {
		"SELECT set_config('work_mem', '64MB', false)",
		"SELECT set_config('work_mem', '64MB', 'f')",
		"SELECT set_config('work_mem', '64MB', NOT true)",
		"SELECT set_config('work_mem', '64MB', true = false)",
		"SELECT set_config('work_mem', '64MB', (true))",
		"SELECT set_config('work_mem', '64MB', x) FROM t",
		"SELECT set_config('work_mem', '64MB', is_local => true)",
		"SELECT set_config(is_local => false, setting_name => 'work_mem', new_value => 'true')",
		"SELECT pg_catalog . set_config('work_mem', '64MB', false)",
		`SELECT "set_config"('work_mem', '64MB', false)`,
		`SELECT "pg_catalog"."set_config"('work_mem', '64MB', false)`,
		"SELECT SET_CONFIG/* */('work_mem', '64MB', false)",
		"SELECT * FROM set_config('work_mem', '64MB', false)",
		"SELECT set_config('work_mem', true)",
		"SELECT set_config('work_mem', ',', false, true)",
		"SELECT set_config('work_mem', 'a,true', false)",
		"EXPLAIN ANALYZE SELECT set_config('work_mem', '64MB', false)",
		"EXPLAIN ANALYZE (SELECT set_config('work_mem', '64MB', false));",
		"SELECT 1; SELECT set_config('work_mem', '64MB', false)",
		"INSERT INTO books VALUES (set_config('work_mem', '64MB', false))",
		"DELETE FROM books WHERE set_config('work_mem', '64MB', false) = ''",
		"CREATE TEMP TABLE x (a text DEFAULT set_config('work_mem', '64MB', false)) ON COMMIT DROP",
		"DECLARE c CURSOR FOR SELECT set_config('work_mem', '64MB', false)",
		"CALL host(set_config('work_mem', '64MB', false))",
	},
	"plain constant": {
		"SELECT set_config(x, 'off', true) FROM t",
		"SELECT set_config('standard_' || 'conforming_strings', 'off', true)",
		"SELECT set_config(E'standard\\x5fconforming_strings', 'off', true)",
		"SELECT set_config(U&'standard\\005fconforming_strings', 'off', true)",
		"SELECT set_config($$standard_conforming_strings$$, 'off', true)",
		"SELECT set_config('standard_conforming'\n'_strings', 'off', true)",
		"SELECT set_config(('statement_timeout'), '0', true)",
		"SELECT set_config('bailiwick' || '.tenant', 'x', true)",
		"SELECT set_config('bailiwick.'\n'tenant', 'x', true)",
		"SELECT set_config(E'bailiwick\\x2etenant', 'x', true)",
		"SELECT set_config(concat('bailiwick', '.tenant'), 'x', true)",
		"SELECT set_config('bailiwick.tenant'::text, 'x', true)",
		"SELECT set_config(('bailiwick' || '.tenant')::text, 'x', true)",
		"SELECT set_config(CAST('bailiwick.tenant' AS text), 'x', true)",
		"SELECT set_config($a$bailiwick.tenant$a$, 'x', true)",
		"SELECT set_config(U&'bailiwick\\002etenant', 'x', true)",
	},
	"pg_settings": {
		"UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
		"update only pg_catalog.pg_settings set setting = reset_val",
		`UPDATE ONLY ("pg_catalog"."pg_settings") AS s SET setting = 'x'`,
		"UPDATE postgres.pg_catalog.pg_settings SET setting = 'x'",
		"EXPLAIN ANALYZE UPDATE pg_settings SET setting = 'x'",
		"WITH a AS (SELECT 1) UPDATE /* */ pg_settings SET setting = 'x'",
		"WITH a AS (UPDATE pg_settings SET setting = 'x' RETURNING 1) SELECT 1",
	},
	"creates a table": {
		"SELECT 1 INTO x", "SELECT 1 INTO TEMP x", "select * into unlogged x from books",
		"(SELECT 1 INTO x)", "WITH a AS (SELECT 1) SELECT * INTO x FROM a",
		"EXPLAIN ANALYZE SELECT 1 INTO x", "EXPLAIN ANALYZE (SELECT 1 INTO x);",
		"EXPLAIN (ANALYZE) (SELECT 1 INTO x) UNION SELECT 1",
		"SELECT 1 AS insert INTO TEMP x", "SELECT 1 insert INTO TEMP x",
		"SELECT (1) merge INTO TEMP x", "SELECT t.insert INTO x FROM t",
		"SELECT 1 /*insert*/ INTO x",
		"INSERT INTO books VALUES (1); SELECT 1 AS insert INTO x",
	},
	"written as U&": {
		`SELECT U&"set\005fconfig"('work_mem', '64MB', false)`,
		`SELECT u&"pg!005fadvisory_lock" UESCAPE '!' (1)`,
	},
	"keeps its lock": {
		"SELECT pg_advisory_lock(1)", "SELECT pg_catalog.pg_try_advisory_lock_shared(1, 2)",
		`SELECT "pg_advisory_lock"(1)`, "SELECT Pg_Advisory_Lock (1)",
		"EXPLAIN ANALYZE (SELECT pg_advisory_lock(1));", "EXPLAIN (SELECT pg_advisory_lock(1))",
		"EXPLAIN ANALYZE VERBOSE (VALUES (pg_advisory_lock(1)));",
		"EXPLAIN (ANALYZE) ((SELECT pg_advisory_lock(1)));",
		"EXPLAIN (COSTS off) SELECT pg_advisory_lock(1)", "SELECT -pg_advisory_lock_shared(1)",
	},
	"seed": {"SELECT setseed(0.5)", "SET LOCAL seed = 0.5",
		"SELECT set_config('seed', '0.5', true)"},
	"set_limit": {"SELECT set_limit(0.1)", "SELECT public.set_limit(0.1)"},
	"other tenants are doing": {
		"SELECT query FROM pg_stat_activity", `SELECT query FROM pg_catalog . "pg_stat_activity"`,
		"TABLE pg_stat_activity", "SELECT * FROM pg_stat_get_activity(NULL)",
		"SELECT pg_stat_get_backend_activity(1)", "SELECT query FROM public.pg_stat_statements",
	},
	"text as SQL": {"SELECT table_to_xml('pg_stat_activity', true, true, '')",
		"SELECT schema_to_xml('pg_catalog', true, true, '')",
		"SELECT query_to_xml('SELECT pg_advisory_lock(1)', true, true, '')",
		"SELECT ts_stat('SELECT 1')", "SELECT ts_rewrite('a', 'SELECT 1')"},
	"large object": {"SELECT lo_create(0)", "SELECT lo_from_bytea(0, '')",
		"SELECT loread(1, 1)", "SELECT lowrite(1, '')"},
	"the connection's previous user": {"SELECT lastval()", "SELECT currval('s')"},
	"other sessions": {"SELECT pg_terminate_backend(1)",
		"SELECT pg_cancel_backend(1)"},
	"WITH HOLD": {"DECLARE c CURSOR WITH HOLD FOR SELECT 1",
		"DECLARE c BINARY CURSOR WITH/**/hold FOR SELECT 1"},
	"ON COMMIT DROP": {
		"CREATE TEMP TABLE x (a int)", "CREATE TABLE x (a int)", "CREATE TEMP VIEW x AS SELECT 1",
		"CREATE TEMP SEQUENCE x",
		"CREATE FUNCTION pg_temp.x() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"CREATE TEMP TABLE x (a int) ON COMMIT DELETE ROWS",
		"CREATE TEMP TABLE x (a int) ON COMMIT PRESERVE ROWS",
		"CREATE TEMP TABLE x (a text DEFAULT 'ON COMMIT DROP')",
		"CREATE TEMP TABLE x (a int); SELECT 1 -- ON COMMIT DROP",
		`CREATE TEMP TABLE x ("on" int, "commit" int, "drop" int)`, "CREATE",
	},
	"EXPLAIN of": {
		"EXPLAIN ANALYZE CREATE TEMP TABLE x AS SELECT 1",
		"EXPLAIN (ANALYZE) CREATE TABLE x ON COMMIT DROP AS SELECT 1",
		"EXPLAIN ANALYSE VERBOSE EXECUTE x",
		"EXPLAIN ANALYZE DECLARE c CURSOR WITH HOLD FOR SELECT 1",
		"EXPLAIN REFRESH MATERIALIZED VIEW x",
	},
	"COPY": {"COPY books TO STDOUT", "copy books FROM STDIN", "COPY (SELECT 1) TO PROGRAM 'x'",
		"SELECT 1; COPY books TO STDOUT"},
	"LISTEN": {"LISTEN x", "UNLISTEN *", "SELECT 1;LISTEN x"},
	"ROLLBACK": {
		"ROLLBACK", "rollback work", "ROLLBACK TRANSACTION;", "ROLLBACK AND CHAIN",
		"ROLLBACK PREPARED 'x'", "ROLLBACK; ROLLBACK TO a",
	},
	"connection that tenants share": {
		"BEGIN", "START TRANSACTION", "COMMIT", "END", "ABORT", "COMMIT; SET x = 1",
		"PREPARE TRANSACTION 'x'", "PREPARE x AS SELECT 1", "EXECUTE x", "DEALLOCATE x",
		"RESET ALL", "DISCARD ALL", "DO $$ BEGIN PERFORM 1; END $$", "LOAD 'x'",
		"ALTER ROLE CURRENT_USER SET work_mem = '64MB'", "DROP TABLE books", "TRUNCATE books",
		"GRANT ALL ON books TO PUBLIC", "VACUUM", "ANALYZE books", "REFRESH MATERIALIZED VIEW x",
		"COMMENT ON TABLE books IS 'x'", "CHECKPOINT", "SELECT 1; DISCARD ALL",
		`"select" 1`, `U&"select" 1`, "anything else",
	},
}

func TestStatementThatOutlivesItsTransactionIsRefused(t *testing.T) {
	t.Parallel()
	for why, queries := range refusedQueries {
		for _, query := range queries {
			require.ErrorContains(t, session.Check(query), why, query)
			if !strings.Contains(query, "--") && query != "" {
				require.ErrorContains(t, session.Check("/* x */"+query+"\n"), why, query)
			}
		}
	}
}
