package adopttest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// refusedSchemas are changes of the shop by the sentence with which the plan names them.
var refusedSchemas = map[string]string{
	`is on the partition "Shop"."Events in" alone: add it`: `ALTER TABLE "Shop"."Events in"
		ADD CONSTRAINT alone FOREIGN KEY (id) REFERENCES "Shop"."Orders"`,
	`which is only a partition`: `CREATE TABLE notes (kind text, id bigint,
		FOREIGN KEY (kind, id) REFERENCES "Shop"."Events in" (kind, id))`,
	`unique index "Shop".one_note is on the partition`: `CREATE UNIQUE INDEX one_note
		ON "Shop"."Events in" (note)`,
	`inheritance tree`: `CREATE TABLE "Shop"."Special" (extra text)
		INHERITS ("Shop"."Customers")`,
	`row-security policy mine of "Shop"."Orders"`: `ALTER TABLE "Shop"."Orders" ENABLE ROW LEVEL
		SECURITY; CREATE POLICY mine ON "Shop"."Orders" USING (open)`,
	`row-security policy part of "Shop"."Events in"`: `CREATE POLICY part ON "Shop"."Events in"`,
	`materialized view public.totals`: `CREATE MATERIALIZED VIEW totals AS
		SELECT count(*) FROM "Shop"."Open Orders"`,
	`the rule keep of "Shop"."Lines"`: `CREATE RULE keep AS ON DELETE TO "Shop"."Lines"
		DO INSTEAD NOTHING`,
	`is a foreign table`: `CREATE EXTENSION file_fdw;
		CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
		DROP TABLE "Shop"."Lines"; CREATE FOREIGN TABLE "Shop"."Lines" (sku text)
		SERVER files OPTIONS (filename '/dev/null')`,
	`"Shop"."Lines" is a view`: `ALTER TABLE "Shop"."Lines" RENAME TO lines;
		CREATE VIEW "Shop"."Lines" AS SELECT * FROM "Shop".lines`,
	`"Shop"."Lines" is a typed table`: `CREATE TYPE a_line AS ("order" bigint, pos smallint, sku text);
		DROP TABLE "Shop"."Lines"; CREATE TABLE "Shop"."Lines" OF a_line`,
	`the CHECK short of "Shop"."Customers" isn't valid`: `ALTER TABLE "Shop"."Customers"
		ADD CONSTRAINT short CHECK (length(code) < 3) NOT VALID`,
	`has the row type of "Shop"."Lines"`: `CREATE TABLE kept (line "Shop"."Lines"[])`,
	`exclusion constraint other`: `ALTER TABLE "Shop"."Events in"
		ADD CONSTRAINT other EXCLUDE USING btree (note WITH =)`,
	`function upsert() depends on the key "Shop"."one code"`: `CREATE FUNCTION upsert() RETURNS void
		BEGIN ATOMIC INSERT INTO "Shop"."Customers" ("eMail", code) VALUES ('a', 'b')
		ON CONFLICT ON CONSTRAINT "one code" DO NOTHING; END`,
	`is MATCH FULL`: `ALTER TABLE "Shop"."Orders" ADD COLUMN r text, ADD COLUMN n integer,
		ADD FOREIGN KEY (r, n) REFERENCES "Shop"."Orders" (region, number) MATCH FULL`,
	`the publication narrow publishes only some columns`: `CREATE PUBLICATION narrow
		FOR TABLE "Shop"."Customers" (id, code)`,
	`the event trigger stop`: `CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql
		AS 'BEGIN END'; CREATE EVENT TRIGGER stop ON ddl_command_end EXECUTE FUNCTION stop()`,
	`the schema bailiwick exists and isn't the library's`: `CREATE SCHEMA bailiwick;
		CREATE TABLE bailiwick.homes (id int)`,
	`is that of another relation`: `CREATE VIEW "Shop"."Orders_tenant_id_region_number_key" AS
		SELECT 1 AS one`,
	`the unique index "Shop".half is invalid`: `CREATE UNIQUE INDEX half ON "Shop"."Lines" (sku);
		UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"Shop".half'::regclass`,
}

func TestPlanNamesObstacleAndChangesNothing(t *testing.T) {
	t.Parallel()
	for sentence, change := range refusedSchemas {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			exec(t, open(t, url), change)
			before := dump(t, url)
			_, planned := postgres.PlanUp(t.Context(), options(url, false), adoption.Options{})
			require.ErrorContains(t, planned, sentence)
			require.Equal(t, tenancy.CodeInvalidState, tenancy.CodeOf(planned))
			err := postgres.MigrateUp(t.Context(), options(url, false), adoption.Options{})
			require.ErrorContains(t, err, sentence)
			require.Equal(t, before, dump(t, url))
		})
	}
}

func TestPlanNamesAllObstaclesAtOnce(t *testing.T) {
	t.Parallel()
	url := database(t)
	wanted := []string{"inheritance tree", "the rule keep", "is MATCH FULL", "materialized view"}
	for sentence, change := range refusedSchemas {
		for _, w := range wanted {
			if strings.Contains(sentence, w) {
				exec(t, open(t, url), change)
			}
		}
	}
	_, err := postgres.PlanUp(t.Context(), options(url, false), adoption.Options{})
	for _, w := range wanted {
		require.ErrorContains(t, err, w)
	}
}

// keptSchemas are changes of the shop that the adoption keeps: it runs to its end and back.
var keptSchemas = map[string]string{
	"replica identity by an index, with a publication": `
		ALTER TABLE "Shop"."Customers" ALTER COLUMN code SET NOT NULL,
			REPLICA IDENTITY USING INDEX "one code";
		ALTER TABLE "Shop"."Events in" REPLICA IDENTITY USING INDEX "Events in_pkey";
		ALTER TABLE "Shop"."Orders" REPLICA IDENTITY USING INDEX "Orders_pkey";
		CREATE PUBLICATION all_of_it FOR TABLE "Shop"."Customers", "Shop"."Orders",
			"Shop"."Events" WITH (publish_via_partition_root = false)`,
	"comments, clusters, statistics and storage": `
		COMMENT ON INDEX "Shop"."Customers_lower" IS 'it''s one';
		COMMENT ON CONSTRAINT "one code" ON "Shop"."Customers" IS 'a code';
		COMMENT ON INDEX "Shop"."one code" IS 'its index';
		COMMENT ON CONSTRAINT "whose order" ON "Shop"."Orders" IS 'whose';
		COMMENT ON CONSTRAINT "Orders_pkey" ON "Shop"."Orders" IS 'key';
		COMMENT ON CONSTRAINT "Events_pkey" ON "Shop"."Events" IS 'key of all';
		COMMENT ON CONSTRAINT "Events in_pkey" ON "Shop"."Events in" IS 'key of one';
		COMMENT ON VIEW "Shop"."Open Orders" IS 'open';
		ALTER TABLE "Shop"."Customers" CLUSTER ON "Customers_lower";
		ALTER TABLE "Shop"."Orders" CLUSTER ON "Orders_pkey";
		ALTER TABLE "Shop"."Events in" CLUSTER ON "Events in_pkey";
		ALTER INDEX "Shop"."Customers_lower" ALTER COLUMN 1 SET STATISTICS 777;
		ALTER INDEX "Shop"."one code" SET (fillfactor = 71);
		ALTER INDEX "Shop"."Orders_pkey" SET (fillfactor = 72)`,
	"nulls that aren't distinct, included columns": `
		ALTER TABLE "Shop"."Lines" ADD CONSTRAINT "one sku"
			UNIQUE NULLS NOT DISTINCT ("order", sku) INCLUDE (pos);
		ALTER TABLE "Shop"."Events" ADD CONSTRAINT "one event"
			UNIQUE NULLS NOT DISTINCT (kind, id, note) INCLUDE ("order") DEFERRABLE`,
	"a foreign key that isn't valid, with a dangling row": `
		ALTER TABLE "Shop"."Orders" DROP CONSTRAINT "whose order";
		UPDATE "Shop"."Orders" SET customer = 999999 WHERE number = 77;
		ALTER TABLE "Shop"."Orders" ADD CONSTRAINT "whose order" FOREIGN KEY (customer)
			REFERENCES "Shop"."Customers" ON UPDATE CASCADE ON DELETE SET NULL NOT VALID`,
	"an unlogged table": `ALTER TABLE "Shop"."Lines" SET UNLOGGED`,
	"views that read views": `
		CREATE VIEW everything AS SELECT * FROM "Shop"."Orders";
		CREATE VIEW counted WITH (security_barrier) AS SELECT count(*) FROM everything;
		COMMENT ON VIEW counted IS 'how many';
		GRANT SELECT ON counted TO PUBLIC`,
	"a publication with a row filter": `
		CREATE PUBLICATION cheap FOR TABLE "Shop"."Customers" WHERE (id > 5)`,
	"a table of another owner": `
		DO $$ BEGIN CREATE ROLE shop_other; EXCEPTION WHEN duplicate_object THEN END $$;
		GRANT ALL ON SCHEMA "Shop" TO shop_other;
		ALTER TABLE "Shop"."Lines" OWNER TO shop_other;
		GRANT SELECT ON "Shop"."Lines" TO shop_other`,
	"a disabled trigger and a check that isn't valid": `
		ALTER TABLE "Shop"."Customers" DISABLE TRIGGER "touch it";
		ALTER TABLE "Shop"."Lines" ADD CONSTRAINT short CHECK (length(sku) < 5) NOT VALID`,
	"a disabled event trigger": `CREATE FUNCTION stop() RETURNS event_trigger LANGUAGE plpgsql
		AS 'BEGIN RAISE EXCEPTION ''stopped''; END';
		CREATE EVENT TRIGGER stop ON sql_drop EXECUTE FUNCTION stop();
		ALTER EVENT TRIGGER stop DISABLE`,
}

func TestOddSchemaIsAdoptedServedAndReverted(t *testing.T) {
	t.Parallel()
	for name, change := range keptSchemas {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			db := open(t, url)
			exec(t, db, change)
			require.NoError(t, db.Close())
			requireWholeWay(t, url)
		})
	}
}

// requireWholeWay plans, expands, contracts and opens the database, writes all its tables, and
// reverts it.
func requireWholeWay(t *testing.T, url string) {
	t.Helper()
	before := dump(t, url)
	o := options(url, true)
	_, err := postgres.PlanUp(t.Context(), o, adoption.Options{Phase: adoption.Contract})
	require.NoError(t, err)
	up(t, o, adoption.Expand)
	up(t, o, adoption.Contract)
	require.Equal(t, adoption.Contracted, stateOf(t, o))
	opened, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	findings, err := opened.Doctor(t.Context())
	require.NoError(t, err)
	for _, f := range findings {
		require.Equal(t, doctor.SeverityWarning, f.Severity, "%+v", f)
	}
	require.NoError(t, opened.Close())
	requireComments(t, url, before)
	db := open(t, url)
	exec(t, db, `SET row_security = off`,
		`UPDATE "Shop"."Orders" SET total = total + 1`, `UPDATE "Shop"."Events" SET note = 'n'`,
		`UPDATE "Shop"."Customers" SET "eMail" = 'x' || "eMail"`)
	require.NoError(t, db.Close())
	down(t, o, adoption.Expand)
	require.Equal(t, before, dump(t, url))
}

func stateOf(t *testing.T, o postgres.Options) adoption.State {
	t.Helper()
	status, err := postgres.Status(t.Context(), o)
	require.NoError(t, err)
	return status.State
}

// requireComments requires that the contracted database has as many comments, clusters, replica
// identities and statistics targets as the single-tenant one.
func requireComments(t *testing.T, url, before string) {
	t.Helper()
	contracted := dump(t, url, "--exclude-schema=bailiwick", "--exclude-schema=bailiwick_search")
	for _, kept := range []string{"COMMENT ON ", " CLUSTER ON ", "REPLICA IDENTITY USING INDEX",
		"SET STATISTICS 777", "NULLS NOT DISTINCT", "INCLUDE (", "fillfactor='71'",
		"fillfactor='72'", " NOT VALID"} {
		require.Equal(t, countLines(before, kept), countLines(contracted, kept), kept)
	}
}

func countLines(text, with string) (count int) {
	for line := range strings.Lines(text) {
		if strings.Contains(line, with) && !strings.Contains(line, "EXTENSION") {
			count++
		}
	}
	return count
}
