package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// searchRole owns the schema of its name and the functions in it, and nothing
// else. Under row security an operator that isn't leakproof, as LIKE and @> are
// not, is never asked of an index, since it could tell of rows that the policy
// hides. So a search goes through a function of this role, which no policy
// confines: the function carries the tenant's condition itself, with the tenant
// that the database has verified. It takes values only, never SQL, and answers
// ids, never rows: those are read by the caller, behind filter and policy.
//
// Nobody logs in as the role. It may read the columns that searches look at.
const searchRole = "bailiwick_search"

// searchable reports whether the table's items are searched by a function. A
// singleton isn't: a tenant has one.
func (t *table) searchable() bool { return t.kind != "" && t.singleton == "" }

func (t *table) searchFunction() string { return searchRole + "." + quote(t.kind) }

// searchArguments are what every search function takes: a text that the name or
// a search column contains, labels to have (NULL: any), the name that the page
// begins behind, and how many ids it has.
const searchArguments = "text, jsonb, text, integer"

// searchSignatures are the function that the application calls, and the one of
// the same name that searches the tenant which the first has verified. Only the
// search role may call that: as anybody else it would find what the policies
// let by.
func (t *table) searchSignatures() (entry, within string) {
	return t.searchFunction() + "(" + searchArguments + ")", t.searchFunction() + "(uuid, " +
		searchArguments + ")"
}

// searches reports whether a search function answers q.
func (s *resources) searches(t *table, q ports.ResourceQuery) bool {
	return (q.Search != "" || len(q.Labels) > 0) && t.searchable() && s.db.options.MultiTenant
}

// search reads the page whose ids the search function answers. A sort by the
// server, which can't know how few they are, would be planned for longer than it
// takes here.
func (s *resources) search(
	ctx context.Context, tenant tenancy.ID, t *table, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	query := s.db.declared.selectItems(t) + " WHERE t.tenant_id = ? AND t.id = ANY (ARRAY(SELECT " +
		t.searchFunction() + "(?, ?, ?, ?))) LIMIT ?"
	found, err := queryItems(ctx, s.db.app, t.kind, query,
		slices.Concat([]any{tenant}, searchValues(q), []any{q.Limit})...)
	slices.SortFunc(found, func(a, b federation.Resource) int {
		return strings.Compare(a.Name, b.Name)
	})
	return found, err
}

// conditions are what q asks of t's rows, beside the tenant, where no search
// function answers it.
func (s *resources) conditions(t *table, q ports.ResourceQuery) (string, []any) {
	query := t.nameOf("t") + s.db.collate + " > ?"
	args := []any{q.After}
	if q.Search != "" {
		pattern := "%" + likeEscaper.Replace(q.Search) + "%"
		columns := []string{t.nameOf("t") + s.db.fold + " ILIKE ?"}
		args = append(args, pattern)
		for _, column := range t.search {
			columns = append(columns, "t."+quote(column)+s.db.fold+" ILIKE ?")
			args = append(args, pattern)
		}
		query += " AND (" + strings.Join(columns, " OR ") + ")"
	}
	if len(q.Labels) > 0 {
		query += " AND t.labels @> ?::jsonb"
		args = append(args, labelsJSON(q.Labels))
	}
	return query, args
}

func searchValues(q ports.ResourceQuery) []any {
	var needle, labels any
	if q.Search != "" {
		needle = q.Search
	}
	if len(q.Labels) > 0 {
		labels = labelsJSON(q.Labels)
	}
	return []any{needle, labels, q.After, q.Limit}
}

// createSearch makes what searches need: the role's rights, the indexes, and a
// function for each kind, which is replaced by each migration, so that it never
// lags behind the declaration.
func createSearch(ctx context.Context, tx bun.IDB, o Options, d *declarations) error {
	collate, fold, err := loadServerInfo(ctx, tx)
	if err != nil {
		return err
	}
	if err := joinRole(ctx, tx, searchRole); err != nil {
		return err
	}
	opclass, err := trigrams(ctx, tx, o)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, strings.Join([]string{
		"CREATE SCHEMA IF NOT EXISTS " + searchRole + " AUTHORIZATION " + searchRole,
		"GRANT USAGE ON SCHEMA " + searchRole + " TO " + quote(o.appRole) + ", " +
			quote(o.systemRole),
		"GRANT USAGE ON SCHEMA bailiwick TO " + searchRole,
		"GRANT EXECUTE ON FUNCTION bailiwick.current_tenant() TO " + searchRole,
	}, ";\n")); err != nil {
		return err
	}
	for _, t := range d.order {
		if !t.searchable() {
			continue
		}
		s := search{table: t, collate: collate, opclass: opclass}
		if s.columns, err = searchColumnsOf(ctx, tx, t, fold); err != nil {
			return err
		}
		if err := s.make(ctx, tx, quote(o.appRole)); err != nil {
			return fmt.Errorf("searching %s: %w", t.sql, err)
		}
	}
	return nil
}

func (s search) make(ctx context.Context, tx bun.IDB, app string) error {
	if err := openSearch(ctx, tx, s.table); err != nil {
		return err
	}
	if err := s.raiseIndexes(ctx, tx); err != nil {
		return err
	}
	entry, within := s.table.searchSignatures()
	_, err := tx.ExecContext(ctx, strings.Join([]string{
		"GRANT USAGE ON SCHEMA " + quote(s.table.schema) + " TO " + searchRole,
		"GRANT SELECT (" + strings.Join(s.reads(), ", ") + ") ON " + s.table.sql + " TO " +
			searchRole,
		s.within(),
		s.entry(),
		"ALTER FUNCTION " + within + " OWNER TO " + searchRole,
		"ALTER FUNCTION " + entry + " OWNER TO " + searchRole,
		"REVOKE ALL ON FUNCTION " + within + ", " + entry + " FROM PUBLIC, " + app,
		"GRANT EXECUTE ON FUNCTION " + entry + " TO " + app,
	}, ";\n"))
	return err
}

// openSearch lets the search role read past the tenants' policy: true beside
// it, by OR, folds to nothing, and no policy is left to keep the search from an
// index.
func openSearch(ctx context.Context, tx bun.IDB, t *table) error {
	var open bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = to_regclass(?0)"+
		" AND polname = 'bailiwick_search' AND polpermissive"+
		" AND polcmd = 'r' AND polroles = ARRAY[to_regrole(?1)::oid]"+
		" AND pg_get_expr(polqual, polrelid) = 'true')", t.sql, searchRole).Scan(ctx, &open)
	if err != nil || open {
		return err
	}
	_, err = tx.ExecContext(ctx, "DROP POLICY IF EXISTS bailiwick_search ON "+t.sql+
		"; CREATE POLICY bailiwick_search ON "+t.sql+" FOR SELECT TO "+searchRole+" USING (true)")
	return err
}

// searchColumn is a column that q looks into.
type searchColumn struct {
	Name      string // quoted
	Collation string // a COLLATE clause, empty for the database's own
}

// searchColumnsOf answers the name column and the search columns, in order. A
// text and what is looked for in it must be folded by the same collation: the
// one that an ILIKE would take.
func searchColumnsOf(
	ctx context.Context, tx bun.IDB, t *table, fold string,
) ([]searchColumn, error) {
	var columns []searchColumn
	for _, name := range append([]string{t.nameColumn}, t.search...) {
		var collation []string
		err := tx.NewRaw(`SELECT coalesce(' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname), '') FROM pg_attribute a
			LEFT JOIN pg_collation c ON c.oid = a.attcollation AND c.collname <> 'default'
			LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
			WHERE a.attrelid = to_regclass(?) AND a.attname = ? AND NOT a.attisdropped`, t.sql, name).Scan(ctx, &collation)
		if err != nil {
			return nil, err
		}
		if len(collation) == 0 {
			return nil, tenancy.Errorf(tenancy.CodeInvalid,
				"table %s has no column %q, which a search is to look into", t.sql, name)
		}
		columns = append(columns,
			searchColumn{Name: quote(name), Collation: or(fold, collation[0])})
	}
	return columns, nil
}
