package adopttest

import (
	"context"
	"database/sql"
	command "os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// shop is a realistic schema: not public, with names in mixed case, integer keys, several kinds
// of unique keys and foreign keys, a table that refers to itself, partitions, a generated
// column, triggers, views, and an unused column tenant_id.
const shop = `
CREATE SCHEMA "Shop";
CREATE TABLE "Shop"."Customers" (
  id serial PRIMARY KEY, "eMail" text NOT NULL UNIQUE, code text, tenant_id uuid,
  touched integer NOT NULL DEFAULT 0,
  CONSTRAINT "one code" UNIQUE (code));
CREATE UNIQUE INDEX "Customers_lower" ON "Shop"."Customers" (lower("eMail")) INCLUDE (code);
CREATE TABLE "Shop"."Orders" (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number integer NOT NULL,
  region text NOT NULL DEFAULT 'eu', customer integer
    CONSTRAINT "whose order" REFERENCES "Shop"."Customers" ON UPDATE CASCADE ON DELETE SET NULL,
  parent bigint REFERENCES "Shop"."Orders" ON DELETE CASCADE, open boolean NOT NULL DEFAULT true,
  total numeric NOT NULL DEFAULT 0, tax numeric GENERATED ALWAYS AS (total * 0.2) STORED,
  UNIQUE (region, number), UNIQUE (number, total) DEFERRABLE INITIALLY DEFERRED);
CREATE UNIQUE INDEX ON "Shop"."Orders" (customer) WHERE open AND parent IS NULL AND number > 1000;
CREATE INDEX "by total" ON "Shop"."Orders" (total DESC NULLS LAST);
CREATE TABLE "Shop"."Lines" (
  "order" bigint NOT NULL, pos smallint NOT NULL, sku text NOT NULL,
  FOREIGN KEY ("order") REFERENCES "Shop"."Orders" ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY ("order", pos));
CREATE TABLE "Shop"."Events" (
  kind text NOT NULL, id bigint NOT NULL, "order" bigint REFERENCES "Shop"."Orders" (id),
  note text, PRIMARY KEY (kind, id)) PARTITION BY LIST (kind);
CREATE TABLE "Shop"."Events in" PARTITION OF "Shop"."Events" FOR VALUES IN ('in');
CREATE TABLE "Shop"."Events rest" PARTITION OF "Shop"."Events" DEFAULT;
CREATE FUNCTION "Shop".touched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN NEW.touched := OLD.touched + 1; RETURN NEW; END $$;
CREATE TRIGGER "touch it" BEFORE UPDATE ON "Shop"."Customers"
  FOR EACH ROW EXECUTE FUNCTION "Shop".touched();
CREATE VIEW "Shop"."Open Orders" WITH (security_barrier) AS
  SELECT o.id, o.number, c."eMail" FROM "Shop"."Orders" o
  LEFT JOIN "Shop"."Customers" c ON c.id = o.customer WHERE o.open;
COMMENT ON COLUMN "Shop"."Orders".total IS 'without tax';
INSERT INTO "Shop"."Customers" ("eMail", code)
  SELECT 'c' || i || '@example.com', 'code' || i FROM generate_series(1, 500) i;
INSERT INTO "Shop"."Orders" (number, customer, total) SELECT i, i % 500 + 1, i FROM generate_series(1, 1000) i;
UPDATE "Shop"."Orders" SET parent = 1 WHERE number BETWEEN 2 AND 5;
INSERT INTO "Shop"."Lines" SELECT id, 1, 'sku' || id FROM "Shop"."Orders";
INSERT INTO "Shop"."Events" SELECT CASE WHEN id % 2 = 0 THEN 'in' ELSE 'out' END, id, id FROM "Shop"."Orders";
`

type customerRow struct {
	bun.BaseModel `bun:"table:Shop.Customers"`

	ID int `bun:"id"`
}

type orderRow struct {
	bun.BaseModel `bun:"table:Shop.Orders"`

	ID int64 `bun:"id"`
}

type lineRow struct {
	bun.BaseModel `bun:"table:Shop.Lines"`

	Order int64 `bun:"order"`
}

type eventRow struct {
	bun.BaseModel `bun:"table:Shop.Events"`

	ID int64 `bun:"id"`
}

func options(url string, multiTenant bool) postgres.Options {
	return postgres.Options{
		URL: url, MultiTenant: multiTenant, Adopt: &adoption.Database{},
		SecretsKey: make([]byte, 32),
		Tables: []postgres.Table{{Model: (*customerRow)(nil)}, {Model: (*orderRow)(nil)},
			{Model: (*lineRow)(nil)}, {Model: (*eventRow)(nil)}},
	}
}

// database returns the URL of a new database with the shop.
func database(t testing.TB) string {
	t.Helper()
	return pgtest.Template(t, "shop", func(url string) error {
		_, err := open(t, url).ExecContext(context.Background(), shop)
		return err
	})
}

// open connects as the old version, which has no tenants.
func open(t testing.TB, url string) *bun.DB {
	t.Helper()
	db := bun.NewDB(sql.OpenDB(
		pgdriver.NewConnector(pgdriver.WithDSN(url), pgdriver.WithApplicationName("old shop"),
			pgdriver.WithReadTimeout(10*time.Minute))), pgdialect.New())
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func exec(t testing.TB, db bun.IDB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
}

func queryValue[T any](t testing.TB, db bun.IDB, query string) (answer T) {
	t.Helper()
	require.NoError(t, db.NewRaw(query).Scan(t.Context(), &answer), query)
	return answer
}

// changing matches lines that differ between two dumps.
var changing = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

func dump(t testing.TB, url string, more ...string) string {
	t.Helper()
	out, err := execCommand("pg_dump", append([]string{"--schema-only", "--dbname", url}, more...)...)
	require.NoError(t, err, "%s", out)
	return changing.ReplaceAllString(string(out), "")
}

func execCommand(name string, args ...string) ([]byte, error) {
	return command.Command(name, args...).CombinedOutput()
}

func up(t testing.TB, o postgres.Options, phase adoption.Phase) {
	t.Helper()
	require.NoError(t, postgres.MigrateUp(t.Context(), o,
		adoption.Options{Phase: phase, Watch: time.Second}))
}

func down(t testing.TB, o postgres.Options, phase adoption.Phase) {
	t.Helper()
	require.NoError(t, postgres.MigrateDown(t.Context(), o,
		adoption.Options{Phase: phase}))
}
