package catalog

import (
	"context"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// Catalog reads the database's catalog about the tables that tenants own and the library's
// tables.
type Catalog struct {
	Tx            bun.IDB // in a transaction with [LocalSettings]
	Declared      *declare.Set
	Roles         pool.Roles // App and System are empty with tenancy off
	MigratingUser string
	Scope         schema.Scope
}

// New returns a catalog that reads in the transaction tx.
func New(tx bun.IDB, s pool.Settings, d *declare.Set) *Catalog {
	c := &Catalog{Tx: tx, Declared: d, Roles: s.Roles, Scope: s.Scope}
	if !s.MultiTenant {
		c.Roles.App, c.Roles.System = "", ""
	}
	return c
}

// LocalSettings is the statement that prepares a transaction for an examination. With only
// pg_catalog in the search path, the catalog's functions return qualified names, and objects of
// other schemas can't shadow the catalog's. JIT is off because the planner overestimates the
// cost of the queries.
const LocalSettings = "SET LOCAL search_path = pg_catalog; SET LOCAL jit = off"

// tables begins each query with these CTEs:
//
//	app      the application's role; no row with tenancy off, nor if the role is a superuser,
//	         for whom every privilege check returns true
//	pools    the roles of the pools App and System
//	declared the declared tables, by name, with their oid if they exist, and the name of the
//	         column with the tenant's id
//	tables   the tables that tenants own and the library's tables. Owned tables are the
//	         declared ones (known), the tables of any schema with a column tenant_id of any
//	         type, or with another declared name, or with a foreign key to the tenants, and the
//	         partitions and children of both, without the shared ones. column_name is the
//	         declared column with the tenant's id, or tenant_id; tenant is its number if it has
//	         the type uuid. id_column is the name of a column that has a tenant's id.
//	shared   the tables that are declared to be without a tenant, as in declared
//	reached  the tables on which the application's role has a privilege
//
// Parameters: 0 the declared tables, 1 the application's role, 2 the system role, 3 the owner
// role, 4 the migrating user, 5 the names of the library's functions, 6 the body of a search
// entry, with {name} for its name, 7 the tables that are declared not to be tables of tenants, 8 the
// search role, 9 the shared tables, 10 the columns with the tenant's id of 0, 11 those of them that
// aren't tenant_id.
const tables = `WITH RECURSIVE
app AS (
  SELECT oid, rolname, quote_ident(rolname) AS name FROM pg_roles
   WHERE rolname = ?1 AND NOT rolsuper
),
pools AS (SELECT r.*, quote_ident(rolname) AS name FROM pg_roles r WHERE rolname IN (?1, ?2)),
declared AS (
  SELECT name, to_regclass(name)::oid AS oid, column_name
    FROM unnest(ARRAY[?0]::text[], ARRAY[?10]::text[]) AS u (name, column_name)
),
shared AS (SELECT n AS name, to_regclass(n)::oid AS oid FROM unnest(ARRAY[?9]::text[]) n),
schemas AS (
  SELECT DISTINCT relnamespace AS oid FROM pg_class WHERE oid IN (SELECT oid FROM declared)
),
ids AS MATERIALIZED (
  SELECT a.attrelid AS oid, min(quote_ident(a.attname)) AS id_column
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'f', 'm')
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relpersistence <> 't'
     AND n.nspname !~ '^pg_' AND n.nspname NOT IN ('information_schema', 'bailiwick')
     AND (lower(a.attname) IN ('tenant_id', 'tenantid') OR a.attname IN (?11) OR EXISTS (
       SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'
          AND k.confrelid = to_regclass('bailiwick.tenants') AND k.conkey = ARRAY[a.attnum]))
     AND NOT EXISTS (SELECT FROM unnest(ARRAY[?7]::text[]) x WHERE x =
       format('"%s"."%s"', replace(n.nspname, '"', '""'), replace(c.relname, '"', '""')))
   GROUP BY a.attrelid
),
tree AS (
  SELECT oid, true AS known, column_name FROM declared WHERE oid IS NOT NULL
  UNION
  SELECT i.oid, false, 'tenant_id' FROM ids i JOIN pg_class c ON c.oid = i.oid AND c.relkind IN ('r', 'p')
   WHERE NOT EXISTS (SELECT FROM shared s WHERE s.oid = i.oid)
  UNION
  SELECT i.inhrelid, t.known, t.column_name FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
),
tables AS MATERIALIZED (
  SELECT c.oid, c.oid::regclass::text AS name, t.known,
         c.oid IN (SELECT oid FROM declared) AS declared,
         false AS library, a.attnum AS tenant, c.relowner AS owner,
         (SELECT i.id_column FROM ids i WHERE i.oid = c.oid) AS id_column, t.column_name
    FROM (SELECT oid, bool_or(known) AS known, (array_agg(column_name ORDER BY known DESC))[1] AS column_name
            FROM tree GROUP BY oid) t JOIN pg_class c ON c.oid = t.oid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = t.column_name
      AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
  UNION ALL
  SELECT c.oid, c.oid::regclass::text, true, false, true, a.attnum, c.relowner, NULL, 'tenant_id'
    FROM pg_class c
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
      AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'p') AND c.relnamespace = to_regnamespace('bailiwick')::oid
),
reached AS MATERIALIZED (
  SELECT t.oid FROM tables t, app
   WHERE has_any_column_privilege(app.oid, t.oid, 'SELECT, INSERT, UPDATE')
      OR has_table_privilege(app.oid, t.oid, 'DELETE')
)
`

// Query scans the result of a query into rows, a pointer to a slice. The query may use the CTEs
// and the parameters of [tables].
func (c *Catalog) Query(ctx context.Context, query string, rows any) error {
	owned := declare.OwnedTables(c.Declared.Tables)
	others := slices.Sorted(maps.Values(c.Declared.OtherTenantColumns()))
	return c.Tx.NewRaw(tables+query,
		bun.List(owned), c.Roles.App, c.Roles.System, c.Roles.Owner,
		c.MigratingUser, bun.List(libraryFunctionNames()), itemsql.SearchEntryBody("{name}", "{type}"),
		bun.List(c.Declared.WithoutTenants), c.Roles.Search, bun.List(c.Declared.Shared),
		bun.List(c.Declared.TenantColumns(owned)), bun.List(slices.Compact(others))).
		Scan(ctx, rows)
}
