package rls

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// TransferOwnership makes the owner role the owner of the library's objects, of the declared
// tables, and of the tables in the same schemas that have the tenant policy, and the search role
// the owner of the search functions. There are two reasons: a SECURITY DEFINER function must not
// have the rights of a superuser, and purging a tenant deletes rows only from the tables of the
// function's owner. Objects come from another owner when they are new, when a dump was restored,
// and when the roles got other names.
func TransferOwnership(
	ctx context.Context, tx bun.IDB, s pool.Settings, d *declare.Set,
) error {
	if err := grantSchemas(ctx, tx, s, d); err != nil {
		return err
	}
	misplaced, err := readMisplaced(ctx, tx, s.Roles, d)
	if err != nil || len(misplaced) == 0 {
		return err
	}
	statements := make([]string, len(misplaced))
	for i, m := range misplaced {
		statements[i] = m.Statement
	}
	_, err = tx.ExecContext(ctx, strings.Join(statements, ";\n"))
	return err
}

// misplacedObject is an object whose owner must change.
type misplacedObject struct {
	Statement string // changes the owner
	Own       bool   // the migrating user has the rights of the present owner
}

// readMisplaced reads the objects whose owner must change, schemas first: the owner of a table
// must be able to create tables in its schema.
func readMisplaced(
	ctx context.Context, tx bun.IDB, roles pool.Roles, d *declare.Set,
) (misplaced []misplacedObject, err error) {
	err = tx.NewRaw(`
		SELECT format('ALTER %s %s OWNER TO %I', o.type, o.name, o.wanted) AS statement,
		       pg_has_role(o.owner, 'USAGE') AS own
		  FROM (
		    SELECT 1 AS place, 'SCHEMA' AS type, quote_ident(nspname) AS name, nspowner AS owner,
		           CASE nspname WHEN 'bailiwick' THEN ?0 ELSE ?1 END AS wanted
		      FROM pg_namespace WHERE nspname IN ('bailiwick', ?2)
		    UNION ALL
		    SELECT 2, CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
		           c.name, c.relowner, ?0
		      FROM `+quotedTables+`
		     WHERE c.relkind IN ('r', 'p', 'v')
		       AND (c.relnamespace = to_regnamespace('bailiwick')::oid OR c.name IN (?3)
		         OR NOT c.relispartition
		           AND EXISTS (SELECT FROM pg_policy p
		             WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant')
		           AND c.relnamespace IN (SELECT c.relnamespace FROM `+quotedTables+`
		             WHERE c.name IN (?3)))
		    UNION ALL
		    SELECT 3, 'FUNCTION', format('%I.%I(%s)', n.nspname, p.proname,
		             pg_get_function_identity_arguments(p.oid)), p.proowner,
		           CASE n.nspname WHEN 'bailiwick' THEN ?0 ELSE ?1 END
		      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		     WHERE n.nspname IN ('bailiwick', ?2)
		  ) o
		 WHERE pg_get_userbyid(o.owner) <> o.wanted ORDER BY o.place, o.name`,
		roles.Owner, roles.Search, itemsql.SearchSchema,
		bun.List(declare.OwnedTables(d.Tables))).Scan(ctx, &misplaced)
	return misplaced, err
}

// foreignObjects are the objects whose owner must change and that belong to a role whose rights
// the migrating user hasn't.
func foreignObjects(
	ctx context.Context, tx bun.IDB, roles pool.Roles, d *declare.Set,
) ([]requirement, error) {
	misplaced, err := readMisplaced(ctx, tx, roles, d)
	if err != nil {
		return nil, err
	}
	var foreign []requirement
	for _, m := range misplaced {
		if !m.Own {
			foreign = append(foreign, requirement{statement: m.Statement})
		}
	}
	return foreign, nil
}
