package migrate

import (
	"context"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errNotCurrent = tenancy.Errorf(tenancy.CodeUnavailable,
	"the schema isn't current: migrate first")

// CheckCurrent refuses a schema that lacks a migration, or a function that a migration makes
// for each kind. The error's code is [tenancy.CodeUnavailable].
func CheckCurrent(ctx context.Context, p *pool.Pool, c Config) error {
	ctx = pool.CrossTenant(ctx, "check the schema")
	library, err := discoverLibraryMigrations()
	if err != nil {
		return err
	}
	if err := checkApplied(ctx, p, libraryMigrations, library); err != nil {
		return err
	}
	if err := checkApplied(ctx, p, hostMigrations, c.hostMigrations()); err != nil {
		return err
	}
	return checkFunctions(ctx, p, c.Declared)
}

// checkApplied refuses a database whose table of applied migrations lacks one of wanted.
func checkApplied(
	ctx context.Context, p *pool.Pool, table string, wanted *migrate.Migrations,
) error {
	var applied []string
	err := p.System.NewRaw("SELECT name FROM "+table).Scan(ctx, &applied)
	switch pgerr.State(err) {
	case pgerr.StateUndefinedTable, pgerr.StateInvalidSchema, pgerr.StateInsufficientPrivilege:
		return errNotCurrent
	}
	if err != nil {
		return pgerr.Translate(err)
	}
	for _, m := range wanted.Sorted() {
		if !slices.Contains(applied, m.Name) {
			return errNotCurrent
		}
	}
	return nil
}

// checkFunctions refuses a schema that lacks a get or search function of a kind.
func checkFunctions(ctx context.Context, p *pool.Pool, d *declare.Set) error {
	var wanted []string
	for _, t := range d.KindTables {
		wanted = append(wanted, itemsql.GetFunctionSignature(t))
		if itemsql.Searchable(t) && p.Settings.MultiTenant {
			entry, tenantSearch := itemsql.SearchSignatures(t)
			wanted = append(wanted, entry, tenantSearch)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var missing int
	err := p.System.NewRaw(
		"SELECT count(*) FROM unnest(ARRAY[?]::text[]) f WHERE to_regprocedure(f) IS NULL",
		bun.List(wanted)).Scan(ctx, &missing)
	if err != nil {
		return pgerr.Translate(err)
	}
	if missing > 0 {
		return errNotCurrent
	}
	return nil
}
