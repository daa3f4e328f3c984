package rls

import (
	"context"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// CheckShared refuses a shared table that doesn't exist, that isn't a table, or that has a tenant's
// id, before the application's role gets the privilege to read it.
func CheckShared(ctx context.Context, db bun.IDB, s pool.Settings, d *declare.Set) error {
	tables, err := catalog.New(db, s, d).SharedTables(ctx)
	if err != nil {
		return err
	}
	for _, t := range tables {
		switch {
		case !t.Exists:
			return fmt.Errorf("table %s is in Options.Shared and doesn't exist: create it in"+
				" Options.Migrations", t.Name)
		case !t.IsTable:
			return fmt.Errorf("%s in Options.Shared is a view or a foreign table, which reads with"+
				" other rights than its reader's: declare the tables that it reads", t.Name)
		case t.WithTenants != "":
			return fmt.Errorf("%s in Options.Shared: %s has a tenant's id, and every tenant would"+
				" read all of its rows: declare it in Options.Tables", t.Name, t.WithTenants)
		}
	}
	return nil
}

// sharedGrants leave the pools' roles only SELECT on the shared tables.
func sharedGrants(d *declare.Set, roles string) (statements []string) {
	for _, name := range d.Shared {
		schema, _ := sqltext.SplitQualified(name)
		statements = append(statements,
			"GRANT USAGE ON SCHEMA "+sqltext.Quote(schema)+" TO "+roles,
			"REVOKE ALL ON "+name+" FROM "+roles, "GRANT SELECT ON "+name+" TO "+roles)
	}
	return statements
}

// sharedSchemas returns the schemas of the shared tables, without those of the tenants' tables.
func sharedSchemas(d *declare.Set) []string {
	var schemas []string
	for _, name := range d.Shared {
		schema, _ := sqltext.SplitQualified(name)
		if !slices.ContainsFunc(d.Tables, func(t *declare.Table) bool { return t.Schema == schema }) {
			schemas = append(schemas, schema)
		}
	}
	slices.Sort(schemas)
	return slices.Compact(schemas)
}
