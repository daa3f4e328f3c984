package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// check is one question to the catalog. Its query answers a row for each
// finding: the object, the SQL that mends it, whether that is safe, and whether
// it is a warning only, here.
type check struct {
	code     string
	severity Severity
	why      string
	query    string
}

// catalog is what the queries of the checks stand upon.
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
const catalog = `WITH RECURSIVE
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

// ask puts a query upon the catalog.
func (e *examination) ask(ctx context.Context, query string, rows any) error {
	return e.tx.NewRaw(catalog+query, bun.List(owned(e.declared.all)), e.app, e.system, ownerRole,
		e.owner, bun.List(libraryFunctionNames()), searchEntry("{name}")).Scan(ctx, rows)
}

// inCatalog asks all checks at once: what they stand upon is planned and read
// once for all of them. Findings come in the order of the groups.
func inCatalog(groups ...[]check) func(context.Context, *examination) ([]Finding, error) {
	byCode := map[string]check{}
	var queries []string
	for i, group := range groups {
		for _, c := range group {
			byCode[c.code] = c
			queries = append(queries,
				fmt.Sprintf("SELECT %d AS place, '%s' AS code, q.*"+
					" FROM (%s) AS q (object, fix, safe, lax)", i, c.code, c.query))
		}
	}
	query := "SELECT code, object, fix, safe, lax FROM (" + strings.Join(queries, "\nUNION ALL\n") +
		") AS found ORDER BY place, code, object"
	return func(ctx context.Context, e *examination) ([]Finding, error) {
		var rows []struct {
			Code, Object, Fix string
			Safe, Lax         bool
		}
		if err := e.ask(ctx, query, &rows); err != nil {
			return nil, err
		}
		findings := make([]Finding, len(rows))
		for i, r := range rows {
			c := byCode[r.Code]
			findings[i] = Finding{Severity: c.severity, Code: c.code, Object: r.Object, Why: c.why,
				Fix: r.Fix, Safe: r.Safe}
			if r.Lax {
				findings[i].Severity = SeverityWarning
			}
		}
		return findings, nil
	}
}
