package rls

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
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
		create := createGet(d, t)
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
	opclass, err := findTrigrams(ctx, tx)
	if err != nil {
		return err
	}
	for _, t := range d.KindTables {
		if !itemsql.Searchable(t) {
			continue
		}
		s, err := readSearch(ctx, tx, t, info, opclass)
		if tenancy.CodeOf(err) == tenancy.CodeInvalid {
			continue
		}
		if err != nil {
			return err
		}
		entry, tenantSearch := itemsql.SearchSignatures(t)
		for signature, create := range map[string]string{
			entry: createEntry(s, roles), tenantSearch: createTenantSearch(s, roles),
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

// createGet creates the get function of a kind. Its owner and grants come later.
func createGet(d *declare.Set, t *declare.Table) string {
	signature := itemsql.GetFunctionSignature(t)
	return strings.Join([]string{
		itemsql.CreateGetFunction(d, t),
		"REVOKE ALL ON FUNCTION " + signature + " FROM PUBLIC",
		catalog.StampFunction(signature),
	}, ";\n")
}

// createEntry creates the search function that the application calls.
func createEntry(s itemsql.Search, roles pool.Roles) string {
	entry, _ := itemsql.SearchSignatures(s.Table)
	return createSearch(s.CreateEntry(), entry, roles) + ";\nGRANT EXECUTE ON FUNCTION " + entry +
		" TO " + sqltext.Quote(roles.App)
}

// createTenantSearch creates the search function that only the search role may call.
func createTenantSearch(s itemsql.Search, roles pool.Roles) string {
	_, tenantSearch := itemsql.SearchSignatures(s.Table)
	return createSearch(s.CreateTenantSearch(), tenantSearch, roles)
}

func createSearch(create, signature string, roles pool.Roles) string {
	return strings.Join([]string{
		create,
		"ALTER FUNCTION " + signature + " OWNER TO " + sqltext.Quote(roles.Search),
		"REVOKE ALL ON FUNCTION " + signature + " FROM PUBLIC, " + sqltext.Quote(roles.App),
		catalog.StampFunction(signature),
	}, ";\n")
}
