package adopttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// oldStatements are statements of the old version.
var oldStatements = []string{
	`INSERT INTO "Shop"."Customers" ("eMail", code) VALUES ('new@example.com', 'n')
		ON CONFLICT ("eMail") DO UPDATE SET code = excluded.code`,
	`INSERT INTO "Shop"."Orders" (number, customer) VALUES (5000, 7)
		ON CONFLICT (region, number) DO UPDATE SET total = "Orders".total + 1`,
	`INSERT INTO "Shop"."Lines" SELECT id, 2, 'x' FROM "Shop"."Orders" WHERE number = 5000
		ON CONFLICT ("order", pos) DO UPDATE SET sku = excluded.sku`,
	`INSERT INTO "Shop"."Events" SELECT 'in', 100000 + id, id FROM "Shop"."Orders"
		WHERE number = 5000 ON CONFLICT DO NOTHING`,
	`UPDATE "Shop"."Customers" SET code = 'u' WHERE id = 9`,
	`DELETE FROM "Shop"."Customers" WHERE id = 11`,
	`SELECT "eMail" FROM "Shop"."Open Orders" WHERE number = 12`,
}

const defaultTenant = "'01900000-0000-7000-8000-000000000000'"

func TestWholeSchemaIsAdoptedAndReverted(t *testing.T) {
	t.Parallel()
	url := database(t)
	db := open(t, url)
	before := dump(t, url)
	rows := queryValue[string](t, db,
		`SELECT string_agg(id || code || touched, ',' ORDER BY id) FROM "Shop"."Customers"`)

	up(t, options(url, false), adoption.Expand)
	require.Equal(t, rows, queryValue[string](t, db,
		`SELECT string_agg(id || code || touched, ',' ORDER BY id) FROM "Shop"."Customers"`),
		"the backfill ran the host's triggers")
	for _, table := range []string{"Customers", "Orders", "Lines", "Events"} {
		require.Zero(t, queryValue[int](t, db, `SELECT count(*) FROM "Shop"."`+table+
			`" WHERE tenant_id IS DISTINCT FROM `+defaultTenant), table)
	}
	exec(t, db, oldStatements...)
	exec(t, db, oldStatements...)
	require.NoError(t, db.Close())

	up(t, options(url, true), adoption.Contract)
	opened, err := postgres.Open(t.Context(), options(url, true))
	require.NoError(t, err)
	findings, err := opened.Doctor(t.Context())
	require.NoError(t, err)
	for _, f := range findings {
		require.Equal(t, doctor.SeverityWarning, f.Severity, "%+v", f)
	}
	require.NoError(t, opened.Close())
	db = open(t, url)
	require.Equal(t, `FOREIGN KEY (tenant_id, customer)`+
		` REFERENCES "Shop"."Customers"(tenant_id, id)`+
		` ON UPDATE CASCADE ON DELETE SET NULL (customer)`,
		queryValue[string](t, db, `SELECT pg_get_constraintdef(oid) FROM pg_constraint
			WHERE conname = 'whose order'`))
	require.Equal(t, "PRIMARY KEY (tenant_id, kind, id)",
		queryValue[string](t, db, `SELECT pg_get_constraintdef(oid) FROM pg_constraint
			WHERE conrelid = '"Shop"."Events"'::regclass AND contype = 'p'`))
	require.Zero(t, queryValue[int](t, db,
		`SELECT count(*) FROM pg_class
		WHERE relname LIKE 'bailiwick\_new%' OR relname LIKE 'bailiwick\_old%'`))
	require.NoError(t, db.Close())

	down(t, options(url, true), adoption.Contract)
	db = open(t, url)
	exec(t, db, oldStatements...)
	require.NoError(t, db.Close())
	down(t, options(url, true), adoption.Expand)
	require.Equal(t, before, dump(t, url))
}

func TestUnadoptableDatabaseIsRefusedAndUnchanged(t *testing.T) {
	t.Parallel()
	for reason, change := range map[string]string{
		"column tenant_id of type integer": `ALTER TABLE "Shop"."Orders" ADD COLUMN tenant_id integer`,
		"refers to another table": `ALTER TABLE "Shop"."Orders" ADD COLUMN tenant_id uuid;
			CREATE TABLE flats (id uuid PRIMARY KEY);
			ALTER TABLE "Shop"."Orders" ADD FOREIGN KEY (tenant_id) REFERENCES flats`,
		"part of a key": `ALTER TABLE "Shop"."Orders" ADD COLUMN tenant_id uuid UNIQUE`,
		"default or generated value": `ALTER TABLE "Shop"."Orders" ADD COLUMN
			tenant_id uuid DEFAULT gen_random_uuid()`,
		"other values than the default tenant's": `UPDATE "Shop"."Customers"
			SET tenant_id = gen_random_uuid() WHERE id = 3`,
		"table notes refers to": `CREATE TABLE public.notes (
			o bigint REFERENCES "Shop"."Orders")`,
		"exclusion constraint": `ALTER TABLE "Shop"."Orders"
			ADD EXCLUDE USING btree (number WITH =)`,
		"name every selected column": `CREATE VIEW totals AS SELECT o.id, o.number, count(*)
			FROM "Shop"."Orders" o JOIN "Shop"."Lines" l ON l."order" = o.id GROUP BY o.id`,
		`table "Shop"."Lines" is declared and doesn't`: `DROP TABLE "Shop"."Lines"`,
		"inheritance tree": `CREATE TABLE "Shop"."Special" () INHERITS ("Shop"."Lines")`,
	} {
		t.Run(reason, func(t *testing.T) {
			t.Parallel()
			url := database(t)
			exec(t, open(t, url), change)
			before := dump(t, url)
			err := postgres.MigrateUp(t.Context(), options(url, false), adoption.Options{})
			require.ErrorContains(t, err, reason)
			require.Equal(t, tenancy.CodeInvalidState, tenancy.CodeOf(err))
			require.Equal(t, before, dump(t, url))
		})
	}
}

func TestDownIsRefusedIfOtherTenantsHaveRows(t *testing.T) {
	t.Parallel()
	url := database(t)
	o := options(url, true)
	up(t, o, adoption.Contract)
	exec(t, open(t, url),
		`INSERT INTO bailiwick.tenants (id, slug, name)
		VALUES ('01900000-0000-7000-8000-00000000abcd', 'other', 'Other')`,
		`INSERT INTO "Shop"."Orders" (tenant_id, number)
		VALUES ('01900000-0000-7000-8000-00000000abcd', 1)`)
	before := dump(t, url)
	for _, phase := range []adoption.Phase{adoption.Contract, adoption.Expand} {
		err := postgres.MigrateDown(t.Context(), o, adoption.Options{Phase: phase})
		require.ErrorContains(t, err, `other tenants than the default have rows`)
		require.ErrorContains(t, err, `"Shop"."Orders"`)
		require.Equal(t, before, dump(t, url))
	}
	exec(t, open(t, url), `DELETE FROM "Shop"."Orders" WHERE tenant_id <> `+defaultTenant)
	down(t, o, adoption.Contract)
}

func TestTenancyNeedsContractedDatabase(t *testing.T) {
	t.Parallel()
	url := database(t)
	_, err := postgres.Open(t.Context(), options(url, true))
	require.ErrorIs(t, err, adoption.ErrNotContracted)
	off, err := postgres.Open(t.Context(), options(url, false))
	require.NoError(t, err, "an expanded database serves one tenant")
	require.NoError(t, off.Close())
}

func TestFreshDatabaseHasNothingToPlan(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	o := options(url, false)
	o.Tables = nil
	require.NoError(t, postgres.MigrateUp(t.Context(), o, adoption.Options{}))
	plan, err := postgres.PlanUp(t.Context(), o, adoption.Options{})
	require.NoError(t, err)
	require.Empty(t, plan)
}
