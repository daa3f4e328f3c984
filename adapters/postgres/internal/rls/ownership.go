package rls

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// TransferOwnership makes the owner role the owner of the library's objects, of the declared
// tables, and of the tables in the same schemas that have the tenant policy. There are two
// reasons: a SECURITY DEFINER function must not have the rights of a superuser, and purging a
// tenant deletes rows only from the tables of the function's owner.
func TransferOwnership(ctx context.Context, tx bun.IDB, owner string, d *declare.Set) error {
	var statements []string
	err := tx.NewRaw(`
		SELECT format('ALTER SCHEMA bailiwick OWNER TO %I', ?0::text)
		  FROM pg_namespace
		 WHERE nspname = 'bailiwick' AND pg_get_userbyid(nspowner) <> ?0
		UNION ALL
		SELECT format('ALTER %s %s OWNER TO %I',
		         CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass, ?0::text)
		  FROM pg_class c
		 WHERE pg_get_userbyid(c.relowner) <> ?0 AND c.relkind IN ('r', 'p', 'v')
		   AND (c.relnamespace = 'bailiwick'::regnamespace
		     OR c.oid IN (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?1]::text[]) n)
		     OR NOT c.relispartition
		       AND EXISTS (SELECT FROM pg_policy p
		         WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant')
		       AND c.relnamespace IN (SELECT o.relnamespace
		         FROM pg_class o JOIN unnest(ARRAY[?1]::text[]) n ON o.oid = to_regclass(n)::oid))
		UNION ALL
		SELECT format('ALTER FUNCTION %s OWNER TO %I', p.oid::regprocedure, ?0::text)
		  FROM pg_proc p
		 WHERE p.pronamespace = 'bailiwick'::regnamespace AND pg_get_userbyid(p.proowner) <> ?0`,
		owner, bun.List(declare.OwnedTables(d.Tables))).Scan(ctx, &statements)
	if err != nil || len(statements) == 0 {
		return err
	}
	if err := joinRole(ctx, tx, owner); err != nil {
		return err
	}
	schemas := map[string]bool{"bailiwick": true}
	for _, t := range d.Tables {
		schemas[t.Schema] = true
	}
	var grants []string // PostgreSQL requires that a new owner has CREATE on the schema
	for _, s := range slices.Sorted(maps.Keys(schemas)) {
		grants = append(grants,
			"GRANT USAGE, CREATE ON SCHEMA "+sqltext.Quote(s)+" TO "+sqltext.Quote(owner))
	}
	return runAsAdmin(ctx, tx, append(grants, statements...))
}
