package rls

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// ProtectTables creates what the row security of each declared table lacks: the default of the
// tenant's column, the policy, FORCE ROW LEVEL SECURITY and the triggers. It takes no lock on a table
// that lacks nothing.
func ProtectTables(ctx context.Context, db bun.IDB, s pool.Settings, d *declare.Set) error {
	if len(d.Tables) == 0 {
		return nil
	}
	c := catalog.New(db, s, d)
	tables, err := c.RowSecurity(ctx)
	if err != nil {
		return err
	}
	kinds := d.KindTablesBySQL()
	for _, t := range tables {
		if !t.Declared {
			continue
		}
		if err := checkColumns(t); err != nil {
			return err
		}
		statements := t.CreateMissing(kinds[t.Name], s.Scope)
		if len(statements) == 0 {
			continue
		}
		if _, err := db.ExecContext(ctx, strings.Join(statements, ";\n")); err != nil {
			return fmt.Errorf("%s: %w", t.Name, err)
		}
	}
	return restorePolicies(ctx, c)
}

// checkColumns refuses a declared table that doesn't exist or has no proper column for the tenant.
func checkColumns(t catalog.RowSecurity) error {
	switch {
	case !t.Exists:
		return fmt.Errorf("table %s is declared and doesn't exist: create it in"+
			" Options.Migrations", t.Name)
	case !t.Tenant:
		return fmt.Errorf("table %s has no column %s of type uuid: it is a single-tenant"+
			" table; describe the database in Options.Adopt", t.Name, t.Column)
	case !t.NotNull:
		return fmt.Errorf("table %s: %s must be NOT NULL", t.Name, t.Column)
	}
	return nil
}

// restorePolicies changes tenant policies that differ from those of this version of the library.
func restorePolicies(ctx context.Context, c *catalog.Catalog) error {
	policies, err := c.Policies(ctx)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if p.Name != catalog.TenantPolicy || !p.Known || p.Current() {
			continue
		}
		if _, err := c.Tx.ExecContext(ctx, p.Restore()); err != nil {
			return fmt.Errorf("%s: %w", p.Table, err)
		}
	}
	return nil
}
