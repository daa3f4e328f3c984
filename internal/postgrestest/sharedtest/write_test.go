package sharedtest

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func errorOf(_ sql.Result, err error) error { return err }

// builderWrites are the ways in which a scoped query could write a shared table.
func builderWrites(t *testing.T, w world) map[string]error {
	ctx := w.in(t, w.acme)
	s := w.db.Scoped(ctx)
	cheap := &plan{ID: 1, Name: "cheap"}
	row := map[string]any{"id": 9, "name": "mine"}
	inserted := s.NewInsert().Model(cheap).Returning("id")
	updated := s.NewUpdate().Model(cheap).Column("name").WherePK().Returning("id")
	return map[string]error{
		"insert":          errorOf(s.NewInsert().Model(cheap).Exec(ctx)),
		"insert of many":  errorOf(s.NewInsert().Model(&[]plan{{ID: 8}, {ID: 9}}).Exec(ctx)),
		"insert of a map": errorOf(s.NewInsert().Model(&row).TableExpr("plans").Exec(ctx)),
		"insert … select": errorOf(s.NewInsert().Table("plans").Column("id", "name").
			TableExpr("(?) AS q", s.NewSelect().Table("plans").ColumnExpr("id + 9, name")).Exec(ctx)),
		"upsert": errorOf(s.NewInsert().Model(cheap).On("CONFLICT (id) DO UPDATE").
			Set("name = EXCLUDED.name").Exec(ctx)),
		"insert or nothing": errorOf(s.NewInsert().Model(cheap).On("CONFLICT DO NOTHING").Exec(ctx)),
		"update":            errorOf(s.NewUpdate().Model(cheap).WherePK().Exec(ctx)),
		"update of another schema": errorOf(s.NewUpdate().Table("ref.features").
			Set("name = 'x'").Where("TRUE").Exec(ctx)),
		"update by a quoted name": errorOf(s.NewUpdate().TableExpr(`"public" . "plans" AS p`).
			Set("name = 'x'").Where("TRUE").Exec(ctx)),
		"update with OR": errorOf(s.NewUpdate().Model(cheap).Column("name").Where("id = 1").
			WhereOr("id = 2").Exec(ctx)),
		"delete":      errorOf(s.NewDelete().Model(cheap).WherePK().ForceDelete().Exec(ctx)),
		"soft delete": errorOf(s.NewDelete().Model(cheap).WherePK().Exec(ctx)),
		"insert in a CTE": errorOf(s.NewSelect().With("w", inserted).Table("w").Column("id").
			Exec(ctx)),
		"update in a CTE of the tenant's update": errorOf(s.NewUpdate().With("w", updated).
			Model((*subscription)(nil)).Set("note = 'x'").Where("TRUE").Exec(ctx)),
		"model of a shared table named as a CTE": errorOf(s.NewUpdate().
			With("plans", s.NewSelect().Table("subscriptions").Column("id")).
			TableExpr("plans").Set("name = 'x'").Where("TRUE").Exec(ctx)),
	}
}

func TestScopedRefusesToWriteASharedTable(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		before := w.sharedRows(t)
		for name, err := range builderWrites(t, w) {
			require.Equal(t, tenancy.CodeForbidden, tenancy.CodeOf(err), "%s: %v", name, err)
			require.ErrorContains(t, err, "Options.Shared", name)
		}
		require.Equal(t, before, w.sharedRows(t))
	})
}

// Text that leaves the builder's brackets, and raw SQL, which only the grants restrict.
func TestApplicationRoleCannotWriteASharedTable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	before := w.sharedRows(t)
	ctx := w.in(t, w.acme)
	fixture.RequireRefused(t, ctx, w.db,
		"INSERT INTO plans VALUES (9, 'mine')",
		"INSERT INTO plans VALUES (1, 'mine') ON CONFLICT (id) DO UPDATE SET name = 'mine'",
		"UPDATE plans SET name = 'mine'",
		"UPDATE ref.features SET name = 'mine'",
		"DELETE FROM plans",
		"TRUNCATE plans",
		"TRUNCATE plans CASCADE",
		"MERGE INTO plans AS p USING (SELECT 1 AS id) AS q ON p.id = q.id WHEN MATCHED THEN DELETE",
		"WITH w AS (UPDATE plans SET name = 'mine' RETURNING id) SELECT id FROM w",
		"WITH w AS (DELETE FROM plans RETURNING id) UPDATE subscriptions SET note = 'x' FROM w",
		"SELECT id FROM plans FOR UPDATE",
		"SELECT id FROM plans FOR KEY SHARE",
		"LOCK TABLE plans IN ACCESS EXCLUSIVE MODE",
		"COPY plans FROM PROGRAM 'true'",
		"DO $$ BEGIN UPDATE plans SET name = 'mine'; END $$",
		"DO $$ BEGIN EXECUTE 'DELETE FROM plans'; END $$",
		"CREATE TRIGGER mine BEFORE INSERT ON plans FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"CREATE RULE mine AS ON UPDATE TO plans DO INSTEAD NOTHING",
		"CREATE TABLE mine (id bigint REFERENCES plans (id))",
		"CREATE TEMP TABLE plans AS SELECT 1 AS id, 'mine' AS name",
		"ALTER TABLE plans ADD COLUMN mine text",
		"ALTER TABLE subscriptions INHERIT plans",
		"COMMENT ON TABLE plans IS 'mine'",
		"GRANT UPDATE ON plans TO bailiwick_app",
	)
	s := w.db.Scoped(ctx)
	require.Error(t, s.NewSelect().Model(&[]plan{}).
		Where("TRUE); UPDATE plans SET name = 'mine' WHERE (TRUE").Scan(ctx))
	require.Error(t, s.NewSelect().Model(&[]plan{}).For("UPDATE").Scan(ctx))
	require.Equal(t, before, w.sharedRows(t))
}

// A row of a tenant that refers to a shared row locks it, without a privilege of the tenant.
func TestTenantRefersToASharedRow(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)
		_, err := s.NewInsert().Model(&subscription{ID: 7, PlanID: 2}).Exec(ctx)
		require.NoError(t, err)
		_, err = s.NewInsert().Model(&subscription{ID: 8, PlanID: 3}).Exec(ctx)
		require.ErrorContains(t, err, "foreign key")
	})
}
