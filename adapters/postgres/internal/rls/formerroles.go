package rls

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// FormerRoles returns the library's roles that have privileges in this database and aren't those
// of this database: the database had roles with other names before, or it is a copy of another
// database. Before the owner of the schema bailiwick changes, its name tells a former prefix; an
// owner that can log in is a migrating user.
func FormerRoles(ctx context.Context, tx bun.IDB, roles pool.Roles) (former []string, err error) {
	err = tx.NewRaw(`
		SELECT r.rolname FROM pg_roles r LEFT JOIN
		       (SELECT regexp_replace(rolname, '_owner$', '') AS prefix
		          FROM pg_namespace JOIN pg_roles owner ON owner.oid = nspowner
		         WHERE nspname = 'bailiwick' AND right(rolname, 6) = '_owner'
		           AND NOT rolcanlogin) o ON true
		 WHERE r.rolname NOT IN (?) AND NOT r.rolsuper
		   AND (r.rolname ~ '^bailiwick(_[0-9]+)\?_(owner|app|system|search)$'
		     OR r.rolname::text IN (o.prefix || '_owner', o.prefix || '_app', o.prefix || '_system',
		          o.prefix || '_search'))
		   AND EXISTS (SELECT FROM pg_shdepend d
		        WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
		          AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()))
		 ORDER BY 1`,
		bun.List([]string{roles.Owner, roles.App, roles.System, roles.Search})).Scan(ctx, &former)
	return former, err
}

// RevokeFormer revokes all privileges in this database from former roles. The roles themselves
// stay: another database of the cluster may use them. A privilege that the migrating user may not
// revoke, such as USAGE on a schema of the host, stays too.
func RevokeFormer(ctx context.Context, tx bun.IDB, former []string) error {
	if len(former) == 0 {
		return nil
	}
	var statements []string
	err := tx.NewRaw(`
		SELECT DISTINCT CASE d.classid
		         WHEN 'pg_class'::regclass THEN
		           (SELECT format('REVOKE ALL ON %s %I.%I FROM %I',
		                     CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
		                     n.nspname, c.relname, r.rolname)
		              FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		             WHERE c.oid = d.objid)
		         WHEN 'pg_namespace'::regclass THEN
		           (SELECT format('REVOKE ALL ON SCHEMA %I FROM %I', n.nspname, r.rolname)
		              FROM pg_namespace n WHERE n.oid = d.objid)
		         WHEN 'pg_proc'::regclass THEN
		           (SELECT format('REVOKE ALL ON ROUTINE %I.%I(%s) FROM %I', n.nspname, p.proname,
		                     pg_get_function_identity_arguments(p.oid), r.rolname)
		              FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		             WHERE p.oid = d.objid)
		       END AS statement
		  FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
		 WHERE d.refclassid = 'pg_authid'::regclass AND d.deptype = 'a'
		   AND d.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass, 'pg_proc'::regclass)
		   AND d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		   AND r.rolname IN (?)`, bun.List(former)).Scan(ctx, &statements)
	if err != nil {
		return err
	}
	for _, s := range statements {
		if _, err := inSavepoint(ctx, tx, s); err != nil {
			return err
		}
	}
	return nil
}

// publicFunctions are the library's functions that every role may call.
const publicFunctions = "'current_tenant', 'touch'"

// revokePublic revokes the privileges that every role has on the library's other functions. A dump
// that was made or restored without privileges has lost the REVOKE of the migrations.
func revokePublic(ctx context.Context, tx bun.IDB) error {
	var functions []string
	err := tx.NewRaw(`SELECT format('%I.%I(%s)', n.nspname, p.proname,
		       pg_get_function_identity_arguments(p.oid))
		  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
		 WHERE n.nspname = 'bailiwick' AND p.proname NOT IN (`+publicFunctions+`)
		   AND has_function_privilege('public', p.oid, 'EXECUTE')`).Scan(ctx, &functions)
	if err != nil {
		return err
	}
	for _, f := range functions {
		if _, err := tx.ExecContext(ctx, "REVOKE ALL ON FUNCTION "+f+" FROM PUBLIC"); err != nil {
			return err
		}
	}
	return nil
}
