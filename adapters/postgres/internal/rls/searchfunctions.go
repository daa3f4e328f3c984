package rls

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// CreateSearch makes what searches need: the role's rights, the indexes, and a
// function for each kind, which is replaced by each migration, so that it never
// lags behind the declaration.
func CreateSearch(ctx context.Context, tx bun.IDB, settings pool.Settings, d *declare.Set) error {
	info, err := pool.ReadServerInfo(ctx, tx)
	if err != nil {
		return err
	}
	if err := joinRole(ctx, tx, itemsql.SearchRole); err != nil {
		return err
	}
	opclass, err := trigrams(ctx, tx, settings.Logger)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, strings.Join([]string{
		"CREATE SCHEMA IF NOT EXISTS " + itemsql.SearchRole + " AUTHORIZATION " +
			itemsql.SearchRole,
		"GRANT USAGE ON SCHEMA " + itemsql.SearchRole + " TO " + sqltext.Quote(settings.AppRole) +
			", " +
			sqltext.Quote(settings.SystemRole),
		"GRANT USAGE ON SCHEMA bailiwick TO " + itemsql.SearchRole,
		"GRANT EXECUTE ON FUNCTION bailiwick.current_tenant() TO " + itemsql.SearchRole,
	}, ";\n")); err != nil {
		return err
	}
	for _, t := range d.KindTables {
		if !itemsql.Searchable(t) {
			continue
		}
		s := itemsql.Search{Table: t, Collate: info.Collate, Opclass: opclass}
		if s.Columns, err = searchColumnsOf(ctx, tx, t, info.Fold); err != nil {
			return err
		}
		if err := createSearchFunction(ctx, tx, s, sqltext.Quote(settings.AppRole)); err != nil {
			return fmt.Errorf("searching %s: %w", t.SQL, err)
		}
	}
	return nil
}

func createSearchFunction(ctx context.Context, tx bun.IDB, s itemsql.Search, app string) error {
	if err := openSearch(ctx, tx, s.Table); err != nil {
		return err
	}
	if err := createSearchIndexes(ctx, tx, s); err != nil {
		return err
	}
	entry, within := itemsql.SearchSignatures(s.Table)
	_, err := tx.ExecContext(ctx, strings.Join([]string{
		"GRANT USAGE ON SCHEMA " + sqltext.Quote(s.Table.Schema) + " TO " + itemsql.SearchRole,
		"GRANT SELECT (" + strings.Join(s.ReadColumns(), ", ") + ") ON " + s.Table.SQL + " TO " +
			itemsql.SearchRole,
		s.CreateTenantSearch(),
		s.CreateEntry(),
		"ALTER FUNCTION " + within + " OWNER TO " + itemsql.SearchRole,
		"ALTER FUNCTION " + entry + " OWNER TO " + itemsql.SearchRole,
		"REVOKE ALL ON FUNCTION " + within + ", " + entry + " FROM PUBLIC, " + app,
		"GRANT EXECUTE ON FUNCTION " + entry + " TO " + app,
	}, ";\n"))
	return err
}

// openSearch lets the search role read past the tenants' policy: true beside
// it, by OR, folds to nothing, and no policy is left to keep the search from an
// index.
func openSearch(ctx context.Context, tx bun.IDB, t *declare.Table) error {
	var open bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = to_regclass(?0)"+
		" AND polname = 'bailiwick_search' AND polpermissive"+
		" AND polcmd = 'r' AND polroles = ARRAY[to_regrole(?1)::oid]"+
		" AND pg_get_expr(polqual, polrelid) = 'true')", t.SQL, itemsql.SearchRole).Scan(ctx, &open)
	if err != nil || open {
		return err
	}
	_, err = tx.ExecContext(ctx, "DROP POLICY IF EXISTS bailiwick_search ON "+t.SQL+
		"; CREATE POLICY bailiwick_search ON "+t.SQL+" FOR SELECT TO "+itemsql.SearchRole+
		" USING (true)")
	return err
}

// searchColumnsOf answers the name column and the search columns, in order. A
// text and what is looked for in it must be folded by the same collation: the
// one that an ILIKE would take.
func searchColumnsOf(
	ctx context.Context, tx bun.IDB, t *declare.Table, fold string,
) ([]itemsql.SearchColumn, error) {
	var columns []itemsql.SearchColumn
	for _, name := range append([]string{t.NameColumn}, t.Search...) {
		var collation []string
		err := tx.NewRaw(`SELECT coalesce(' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname), '') FROM pg_attribute a
			LEFT JOIN pg_collation c ON c.oid = a.attcollation AND c.collname <> 'default'
			LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
			WHERE a.attrelid = to_regclass(?) AND a.attname = ? AND NOT a.attisdropped`, t.SQL, name).Scan(ctx, &collation)
		if err != nil {
			return nil, err
		}
		if len(collation) == 0 {
			return nil, tenancy.Errorf(tenancy.CodeInvalid,
				"table %s has no column %q, which a search is to look into", t.SQL, name)
		}
		columns = append(columns,
			itemsql.SearchColumn{Name: sqltext.Quote(name), Collation: cmp.Or(fold, collation[0])})
	}
	return columns, nil
}
