package catalog

import (
	"cmp"
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// KindFunctionStatements returns the statements that create the functions of the declared kinds,
// with their owners, grants and digests, by the functions' names and argument types as the
// catalog's inventory has them. Without roles.App there are no searches and no roles. The search
// of a table that lacks a column is left out.
func KindFunctionStatements(
	ctx context.Context, tx bun.IDB, d *declare.Set, roles pool.Roles,
) (map[string]string, error) {
	statements := map[string]string{}
	for _, t := range d.KindTables {
		signature := itemsql.GetFunctionSignature(t)
		create := CreateGet(d, t)
		if roles.App != "" {
			create += ";\nALTER FUNCTION " + signature + " OWNER TO " + sqltext.Quote(roles.Owner) +
				";\nGRANT EXECUTE ON FUNCTION " + signature + " TO " + sqltext.Quote(roles.App)
		}
		name, err := inventoryName(ctx, tx, signature)
		if err != nil {
			return nil, err
		}
		statements[name] = create
	}
	if roles.App == "" {
		return statements, nil
	}
	return statements, addSearches(ctx, tx, d, roles, statements)
}

// addSearches adds the statements of the search functions.
func addSearches(
	ctx context.Context, tx bun.IDB, d *declare.Set, roles pool.Roles, to map[string]string,
) error {
	info, err := pool.ReadServerInfo(ctx, tx)
	if err != nil {
		return err
	}
	opclass, err := FindTrigrams(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range d.KindTables {
		if !itemsql.Searchable(t) {
			continue
		}
		s, err := ReadSearch(ctx, tx, t, info, opclass)
		if tenancy.CodeOf(err) == tenancy.CodeInvalid {
			continue
		}
		if err != nil {
			return err
		}
		entry, tenantSearch := itemsql.SearchSignatures(t)
		for signature, create := range map[string]string{
			entry: CreateEntry(s, roles), tenantSearch: CreateTenantSearch(s, roles),
		} {
			name, err := inventoryName(ctx, tx, signature)
			if err != nil {
				return err
			}
			to[name] = create
		}
	}
	return nil
}

// inventoryName returns a signature with quotes only where the server needs them.
func inventoryName(ctx context.Context, tx bun.IDB, signature string) (name string, err error) {
	function, arguments, _ := strings.Cut(signature, "(")
	schema, quoted, _ := strings.Cut(function, ".")
	unquoted := strings.ReplaceAll(strings.Trim(quoted, `"`), `""`, `"`)
	err = tx.NewRaw("SELECT quote_ident(?)", unquoted).Scan(ctx, &name)
	return schema + "." + name + "(" + arguments, err
}

// CreateGet creates the get function of a kind. Its owner and grants come later.
func CreateGet(d *declare.Set, t *declare.Table) string {
	signature := itemsql.GetFunctionSignature(t)
	return strings.Join([]string{
		itemsql.CreateGetFunction(d, t),
		"REVOKE ALL ON FUNCTION " + signature + " FROM PUBLIC",
		StampFunction(signature),
	}, ";\n")
}

// CreateEntry creates the search function that the application calls.
func CreateEntry(s itemsql.Search, roles pool.Roles) string {
	entry, _ := itemsql.SearchSignatures(s.Table)
	return createSearch(s.CreateEntry(), entry, roles) + ";\nGRANT EXECUTE ON FUNCTION " + entry +
		" TO " + sqltext.Quote(roles.App)
}

// CreateTenantSearch creates the search function that only the search role may call.
func CreateTenantSearch(s itemsql.Search, roles pool.Roles) string {
	_, tenantSearch := itemsql.SearchSignatures(s.Table)
	return createSearch(s.CreateTenantSearch(), tenantSearch, roles)
}

func createSearch(create, signature string, roles pool.Roles) string {
	return strings.Join([]string{
		create,
		"ALTER FUNCTION " + signature + " OWNER TO " + sqltext.Quote(roles.Search),
		"REVOKE ALL ON FUNCTION " + signature + " FROM PUBLIC, " + sqltext.Quote(roles.App),
		StampFunction(signature),
	}, ";\n")
}

// ReadSearch returns the search of a table.
func ReadSearch(
	ctx context.Context, tx bun.IDB, t *declare.Table, info pool.ServerInfo, opclass string,
) (s itemsql.Search, err error) {
	s = itemsql.Search{Table: t, Collate: info.Collate, Opclass: opclass}
	s.Columns, err = readSearchColumns(ctx, tx, t, info.Fold)
	return s, err
}

// readSearchColumns returns the name column and the search columns, in this order, with their
// collations. lower() of a column and lower() of the text to find must use the same collation:
// fold, or else the column's, as ILIKE does.
func readSearchColumns(
	ctx context.Context, tx bun.IDB, t *declare.Table, fold string,
) ([]itemsql.SearchColumn, error) {
	var columns []itemsql.SearchColumn
	for _, name := range append([]string{t.NameColumn}, t.Search...) {
		var collation []string
		err := tx.NewRaw(`SELECT coalesce(
				' COLLATE ' || quote_ident(n.nspname) || '.' || quote_ident(c.collname), '')
			FROM pg_attribute a
			LEFT JOIN pg_collation c ON c.oid = a.attcollation AND c.collname <> 'default'
			LEFT JOIN pg_namespace n ON n.oid = c.collnamespace
			WHERE a.attrelid = to_regclass(?) AND a.attname = ? AND NOT a.attisdropped`,
			t.SQL, name).Scan(ctx, &collation)
		if err != nil {
			return nil, err
		}
		if len(collation) == 0 {
			return nil, tenancy.Errorf(tenancy.CodeInvalid,
				"table %s has no column %q, which is declared for searches", t.SQL, name)
		}
		columns = append(columns,
			itemsql.SearchColumn{Name: sqltext.Quote(name), Collation: cmp.Or(fold, collation[0])})
	}
	return columns, nil
}

// FindTrigrams returns the qualified operator class, or "" without the extension.
func FindTrigrams(ctx context.Context, tx bun.IDB) (opclass string, err error) {
	var found []string
	err = tx.NewRaw(`SELECT format('%I.gin_trgm_ops', n.nspname) FROM pg_extension e
		JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_trgm'`).Scan(ctx, &found)
	return strings.Join(found, ""), err
}
