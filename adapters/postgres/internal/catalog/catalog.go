package catalog

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// Catalog reads what the database's catalog says of the tables that tenants own and
// of the library's.
type Catalog struct {
	Tx            bun.IDB // within a transaction
	Declared      *declare.Set
	AppRole       string // the application's role; empty with tenancy off
	SystemRole    string
	MigratingUser string // the user who migrates
	Scope         schema.Scope
}

// LocalSettings keeps names whole in what the catalog's functions answer, and
// whatever else could be in a search path out of the examination. The planner
// takes these queries for large ones, which they aren't.
const LocalSettings = "SET LOCAL search_path = pg_catalog; SET LOCAL jit = off"

// tables is what the queries of the checks stand upon.
//
//	app     the application's role, unless it is a superuser, whom every
//	        question about privileges is answered yes for; no row with tenancy off
//	pools   the roles of the two pools
//	tables  the tables that tenants own (declared, found by their column
//	        tenant_id beside declared ones, and what inherits from either) and
//	        the library's, each with the number of its column tenant_id and
//	        whether the application's role may do anything with it
//
// Parameters: 0 the declared tables, 1 the application's role, 2 the system
// role, 3 the owner role, 4 the user who migrates, 5 the library's functions.
const tables = `WITH RECURSIVE
app AS (SELECT oid, rolname, quote_ident(rolname) AS name FROM pg_roles WHERE rolname = ?1 AND NOT rolsuper),
pools AS (SELECT r.*, quote_ident(rolname) AS name FROM pg_roles r WHERE rolname IN (?1, ?2)),
declared AS (SELECT n AS name, to_regclass(n)::oid AS oid FROM unnest(ARRAY[?0]::text[]) n),
schemas AS (SELECT DISTINCT relnamespace AS oid FROM pg_class WHERE oid IN (SELECT oid FROM declared)),
tree AS (
  SELECT oid, true AS known FROM declared WHERE oid IS NOT NULL
  UNION
  SELECT c.oid, false FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND c.relnamespace IN (SELECT oid FROM schemas)
     AND a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
  UNION
  SELECT i.inhrelid, t.known FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
),
tables AS MATERIALIZED (
  SELECT c.oid, c.oid::regclass::text AS name, bool_or(t.known) AS known, c.oid IN (SELECT oid FROM declared) AS declared,
         false AS library, a.attnum AS tenant, c.relowner AS owner
    FROM tree t JOIN pg_class c ON c.oid = t.oid
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped
   GROUP BY c.oid, a.attnum
  UNION ALL
  SELECT c.oid, c.oid::regclass::text, true, false, true, a.attnum, c.relowner
    FROM pg_class c LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
   WHERE c.relkind IN ('r', 'p') AND c.relnamespace = to_regnamespace('bailiwick')::oid
),
reached AS MATERIALIZED (
  SELECT t.oid FROM tables t, app WHERE has_any_column_privilege(app.oid, t.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(app.oid, t.oid, 'DELETE')
)
`

// Query runs a query that may use the names of [tables].
func (c *Catalog) Query(ctx context.Context, query string, rows any) error {
	return c.Tx.NewRaw(tables+query, bun.List(declare.OwnedTables(c.Declared.Tables)), c.AppRole, c.SystemRole,
		pool.OwnerRole,
		c.MigratingUser, bun.List(libraryFunctionNames()), itemsql.SearchEntryBody("{name}")).Scan(ctx, rows)
}
