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

// ProtectTables puts up what is missing around each declared table. What stands
// already is left alone: no lock is taken for it.
func ProtectTables(ctx context.Context, db bun.IDB, s pool.Settings, d *declare.Set) error {
	if len(d.Tables) == 0 {
		return nil
	}
	c := &catalog.Catalog{Tx: db, Declared: d, AppRole: s.AppRole, SystemRole: s.SystemRole, Scope: s.Scope}
	walls, err := c.RowSecurity(ctx)
	if err != nil {
		return err
	}
	kinds := d.KindTablesBySQL()
	for _, w := range walls {
		if !w.Declared {
			continue
		}
		if err := adoptable(w); err != nil {
			return err
		}
		if missing := w.CreateMissing(kinds[w.Name], s.Scope); len(missing) > 0 {
			if _, err := db.ExecContext(ctx, strings.Join(missing, ";\n")); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return renewPolicies(ctx, c)
}

func adoptable(w catalog.RowSecurity) error {
	switch {
	case !w.Exists:
		return fmt.Errorf("table %s is declared and doesn't exist: Options.Migrations must make it",
			w.Name)
	case !w.Tenant:
		return fmt.Errorf("table %s has no column tenant_id of type uuid: it is a single-tenant"+
			" table, which this version doesn't adopt", w.Name)
	case !w.NotNull:
		return fmt.Errorf("table %s: tenant_id must be NOT NULL", w.Name)
	}
	return nil
}

// renewPolicies brings our policies to what this version of the library makes.
func renewPolicies(ctx context.Context, c *catalog.Catalog) error {
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
