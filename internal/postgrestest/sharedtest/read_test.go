package sharedtest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// eachMode runs a test with tenancy on and off. Without row security only the filter confines.
func eachMode(t *testing.T, test func(t *testing.T, w world)) {
	t.Parallel()
	for name, multiTenant := range map[string]bool{"with tenancy": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, multiTenant))
		})
	}
}

func TestEveryTenantReadsSharedRows(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		for _, tenant := range []tenancy.ID{w.acme, w.other} {
			ctx := w.in(t, tenant)
			s := w.db.Scoped(ctx)
			var plans []plan
			n, err := s.NewSelect().Model(&plans).Where("name = 'basic'").WhereOr("id = 2").
				Order("id").ScanAndCount(ctx)
			require.NoError(t, err)
			require.EqualValues(t, 2, n)
			require.Equal(t, "large", plans[1].Name)

			for _, table := range []string{"plans", `"plans"`, "public.plans", "plans AS p",
				"ref.features", `"ref"."features" AS f`, "PLANS"} {
				n, err := s.NewSelect().TableExpr(table).Count(ctx)
				require.NoError(t, err, table)
				require.EqualValues(t, 2, n, table)
			}
			require.NoError(t, s.NewSelect().Table("plans").ColumnExpr("count(*)").Scan(ctx, &n))
			require.EqualValues(t, 2, n)
		}
	})
}

func TestSharedRowsJoinOnlyTheTenantsRows(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)

		var own []subscription
		require.NoError(t, s.NewSelect().Model(&own).Relation("Plan").Relation("Features").
			Relation("Peers").Order("s.id").Scan(ctx))
		require.Len(t, own, 2)
		require.Equal(t, "large", own[1].Plan.Name)
		require.Equal(t, "acme", own[1].Note)
		require.Equal(t, "mail", own[0].Features[0].Name)
		require.Len(t, own[0].Features, 1, "no join rows of the other tenant")
		require.Equal(t, "basic", own[0].Peers[0].Name)

		var plans []plan
		require.NoError(t, s.NewSelect().Model(&plans).Relation("Subscriptions").Order("id").
			Scan(ctx))
		require.Len(t, plans[0].Subscriptions, 1, "no subscription of the other tenant")
		require.Equal(t, "acme", plans[0].Subscriptions[0].Note)

		var notes []string
		require.NoError(t, s.NewSelect().Model((*subscription)(nil)).TableExpr("plans AS p").
			ColumnExpr("s.note").Where("p.id = s.plan_id").Scan(ctx, &notes))
		require.Equal(t, []string{"acme", "acme"}, notes)
		notes = nil
		require.NoError(t, s.NewSelect().Model((*subscription)(nil)).ColumnExpr("s.note").
			Join("JOIN plans AS p ON p.id = s.plan_id").Where("p.name = 'basic'").Scan(ctx, &notes))
		require.Equal(t, []string{"acme"}, notes)
		notes = nil
		basic := s.NewSelect().Table("plans").Column("id").Where("name = 'basic'")
		require.NoError(t, s.NewSelect().Model((*subscription)(nil)).Column("note").
			Where("plan_id IN (?)", basic).Scan(ctx, &notes))
		require.Equal(t, []string{"acme"}, notes)
		notes = nil
		require.NoError(t, s.NewSelect().Model((*subscription)(nil)).Column("note").
			Where("plan_id IN (SELECT id FROM plans WHERE name = 'basic')").Scan(ctx, &notes))
		require.Equal(t, []string{"acme"}, notes, "the text of a condition may name a shared table")
		notes = nil
		require.NoError(t, s.NewSelect().TableExpr("plans AS p").TableExpr("subscriptions AS s").
			ColumnExpr("s.note").Where("p.id = s.plan_id AND p.id = 1").Scan(ctx, &notes))
		require.Equal(t, []string{"acme"}, notes)
	})
}

func TestTenantsTableIsRefusedWhereASharedOneIsRead(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)
		for name, q := range map[string]*bun.SelectQuery{
			"in a condition of a shared table": s.NewSelect().Model((*plan)(nil)).
				Where("id IN (SELECT plan_id FROM subscriptions WHERE note = 'other')"),
			"in a column": s.NewSelect().Model((*plan)(nil)).
				ColumnExpr("(SELECT note FROM subscriptions LIMIT 1)"),
			"in a list of tables": s.NewSelect().TableExpr("plans AS p, subscriptions AS s"),
			"of another schema by a shared name": s.NewSelect().Model((*plan)(nil)).
				Where("EXISTS (SELECT FROM bailiwick.plans)"),
			"by a shared alias": s.NewSelect().Model((*plan)(nil)).
				Where("EXISTS (SELECT FROM subscriptions AS plans)"),
			"by a name that folds to another one": s.NewSelect().Model((*plan)(nil)).
				Where(`EXISTS (SELECT FROM "Plans")`),
			"after a bracket": s.NewSelect().Model((*plan)(nil)).
				Where("TRUE) UNION ALL SELECT id, note, NULL FROM subscriptions --"),
		} {
			err := q.Scan(ctx, &[]string{})
			require.Error(t, err, name)
			require.Regexp(t, "which table to filter|names a table without", err.Error(), name)
		}
	})
}

func TestInsertSelectReadsSharedRows(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)
		source := s.NewSelect().TableExpr("plans AS p").ColumnExpr("p.id + 10 AS id, p.id AS plan_id," +
			" p.name AS note")
		_, err := s.NewInsert().Model((*subscription)(nil)).Column("id", "plan_id", "note").
			TableExpr("(?) AS q", source).Exec(ctx)
		require.NoError(t, err)
		n, err := s.NewUpdate().Model((*subscription)(nil)).TableExpr("plans AS p").
			Set("note = p.name").Where("p.id = s.plan_id").Exec(ctx)
		require.NoError(t, err)
		changed, err := n.RowsAffected()
		require.NoError(t, err)
		require.EqualValues(t, 4, changed)
		var foreign int
		require.NoError(t, w.superuser.QueryRowContext(ctx, "SELECT count(*) FROM subscriptions"+
			" WHERE tenant_id = $1 AND note = 'other'", w.other.String()).Scan(&foreign))
		require.Equal(t, 2, foreign)
	})
}

func TestUnknownTablesInPlaceOfASharedOneAreRefused(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		_, err := w.db.Scoped(ctx).NewSelect().Model((*plan)(nil)).
			ModelTableExpr("subscriptions AS plan, plans AS o").Count(ctx)
		require.ErrorContains(t, err, "which table to filter")
	})
}
