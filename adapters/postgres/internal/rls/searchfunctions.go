package rls

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// CreateSearch creates what searches need: the search role's privileges, the indexes, and the
// two functions of each kind. Every migration replaces the functions, so that they always match
// the declaration.
func CreateSearch(ctx context.Context, tx bun.IDB, settings pool.Settings, d *declare.Set) error {
	info, err := pool.ReadServerInfo(ctx, tx)
	if err != nil {
		return err
	}
	opclass, err := ensureTrigrams(ctx, tx, settings)
	if err != nil {
		return err
	}
	app, system := sqltext.Quote(settings.Roles.App), sqltext.Quote(settings.Roles.System)
	role := sqltext.Quote(settings.Roles.Search)
	if _, err := tx.ExecContext(ctx, strings.Join([]string{
		// CREATE SCHEMA IF NOT EXISTS needs the privilege also if the schema exists
		"DO $$ BEGIN IF to_regnamespace('" + itemsql.SearchSchema + "') IS NULL" +
			" THEN CREATE SCHEMA " + itemsql.SearchSchema + " AUTHORIZATION " + role + "; END IF; END $$",
		"GRANT USAGE ON SCHEMA " + itemsql.SearchSchema + " TO " + app + ", " + system,
		"GRANT USAGE ON SCHEMA bailiwick TO " + role,
		"GRANT EXECUTE ON FUNCTION bailiwick.current_tenant() TO " + role,
	}, ";\n")); err != nil {
		return err
	}
	for _, t := range d.KindTables {
		if !itemsql.Searchable(t) {
			continue
		}
		s, err := catalog.ReadSearch(ctx, tx, t, info, opclass)
		if err != nil {
			return err
		}
		if err := createTableSearch(ctx, tx, s, settings.Roles); err != nil {
			return fmt.Errorf("the search of %s: %w", t.SQL, err)
		}
	}
	return nil
}

// createTableSearch creates the policy, the indexes, the grants and the functions for the search
// of one table.
func createTableSearch(
	ctx context.Context, tx bun.IDB, s itemsql.Search, roles pool.Roles,
) error {
	if err := createSearchPolicy(ctx, tx, s.Table, roles.Search); err != nil {
		return err
	}
	if err := createSearchIndexes(ctx, tx, s); err != nil {
		return err
	}
	if err := dropOtherSearch(ctx, tx, s.Table); err != nil {
		return err
	}
	role := sqltext.Quote(roles.Search)
	_, err := tx.ExecContext(ctx, strings.Join([]string{
		"GRANT USAGE ON SCHEMA " + sqltext.Quote(s.Table.Schema) + " TO " + role,
		"GRANT SELECT (" + strings.Join(s.ReadColumns(), ", ") + ") ON " + s.Table.SQL +
			" TO " + role,
		catalog.CreateEntry(s, roles),
		catalog.CreateTenantSearch(s, roles),
	}, ";\n"))
	return err
}

// dropOtherSearch drops the search functions of a table whose ids had another type before: CREATE OR
// REPLACE can't change what a function returns.
func dropOtherSearch(ctx context.Context, tx bun.IDB, t *declare.Table) error {
	entry, tenantSearch := itemsql.SearchSignatures(t)
	var isOther bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_proc WHERE oid = to_regprocedure(?)"+
		" AND prorettype <> ?::regtype)", entry, t.IDType).Scan(ctx, &isOther)
	if err != nil || !isOther {
		return err
	}
	_, err = tx.ExecContext(ctx, "DROP FUNCTION "+entry+", "+tenantSearch)
	return err
}

// createSearchPolicy lets the search role read the rows of all tenants. PostgreSQL joins the
// policies with OR and simplifies the condition to true, so that no policy prevents the use of
// an index.
func createSearchPolicy(
	ctx context.Context, tx bun.IDB, t *declare.Table, role string,
) error {
	var exists bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = to_regclass(?0)"+
		" AND polname = 'bailiwick_search' AND polpermissive"+
		" AND polcmd = 'r' AND polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = ?1)]"+
		" AND pg_get_expr(polqual, polrelid) = 'true')", t.SQL, role).
		Scan(ctx, &exists)
	if err != nil || exists {
		return err
	}
	_, err = tx.ExecContext(ctx, "DROP POLICY IF EXISTS bailiwick_search ON "+t.SQL+
		"; CREATE POLICY bailiwick_search ON "+t.SQL+" FOR SELECT TO "+sqltext.Quote(role)+
		" USING (true)")
	return err
}
