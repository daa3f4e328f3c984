package adopt

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// obstacle is a query for objects with which an adoption can't run to its end. It has one column:
// a sentence that names the object and says what to do.
type obstacle string

// ownedTables are the declared tables with their partitions (tables), and the views that read
// them, themselves or through other views (readers). ?0 is the tables' names, ?1 the names of the
// tables of users and keys, ?2 the names of the views that change.
const ownedTables = `
WITH RECURSIVE owned (oid, root) AS (
  SELECT DISTINCT to_regclass(n)::oid, to_regclass(n)::oid FROM unnest(ARRAY[?0]::text[]) n
    WHERE to_regclass(n) IS NOT NULL
  UNION SELECT i.inhrelid, o.root FROM owned o JOIN pg_inherits i ON i.inhparent = o.oid
    JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition
), tables AS (
  SELECT c.*, o.root, format('%I.%I', n.nspname, c.relname) AS name, n.nspname
  FROM owned o JOIN pg_class c ON c.oid = o.oid JOIN pg_namespace n ON n.oid = c.relnamespace
), seen (oid) AS (
  SELECT oid FROM owned
  UNION SELECT r.ev_class FROM seen s
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
      AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_type = '1'
), readers AS (
  SELECT c.*, format('%I.%I', n.nspname, c.relname) AS name
  FROM seen s JOIN pg_class c ON c.oid = s.oid JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('v', 'm') AND n.nspname <> 'bailiwick'
), keys AS (
  SELECT i.*, t.name, t.relispartition, format('%I.%I', t.nspname, x.relname) AS index, k.oid AS constraint_oid
  FROM tables t JOIN pg_index i ON i.indrelid = t.oid AND i.indisunique
  JOIN pg_class x ON x.oid = i.indexrelid
  LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.conrelid = t.oid AND k.contype IN ('p', 'u')
  WHERE NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'tenant_id'
    AND a.attnum = ANY (i.indkey::int2[]))
)
`

// obstacles are all obstacles that a query of the catalog finds.
var obstacles = slices.Concat(tableObstacles, partitionObstacles, rightsObstacles, viewObstacles)

var tableObstacles = []obstacle{`
	SELECT format('%s is a %s: only ordinary and partitioned tables can be adopted', name,
	  CASE relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view'
	    WHEN 'm' THEN 'materialized view' ELSE 'relation of another kind' END)
	FROM tables WHERE relkind NOT IN ('r', 'p')`, `
	SELECT format('%s is a typed table (CREATE TABLE … OF), which can''t get a column: ALTER TABLE'
	  ' %s NOT OF', name, name) FROM tables WHERE reloftype <> 0`, `
	SELECT DISTINCT format('the column %I of %s has the row type of %s, which then can''t get a'
	  ' column: change the column''s type', a.attname, a.attrelid::regclass, t.name)
	FROM tables t JOIN pg_type y ON y.oid = t.reltype
	JOIN pg_attribute a ON a.atttypid IN (y.oid, y.typarray) AND NOT a.attisdropped
	JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm')`, `
	SELECT format('the rule %I of %s rewrites statements, and runs with the rights of the table''s'
	  ' owner: replace it by a trigger', r.rulename, t.name)
	FROM tables t JOIN pg_rewrite r ON r.ev_class = t.oid AND r.ev_type <> '1'`, `
	SELECT format('the row-security policy %I of %s decides about rows next to the tenant''s policy:'
	  ' DROP POLICY %I ON %s', p.polname, t.name, p.polname, t.name)
	FROM tables t JOIN pg_policy p ON p.polrelid = t.oid
	WHERE p.polname NOT IN ('bailiwick_tenant', 'bailiwick_search', 'bailiwick_system')`, `
	SELECT format('row security is forced on %s, so that the migration doesn''t see its rows:'
	  ' ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', name, name)
	FROM tables WHERE relrowsecurity AND relforcerowsecurity AND NOT EXISTS (
	  SELECT FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls))`, `
	SELECT format('%s has the exclusion constraint %I, which PostgreSQL can''t change online: drop'
	  ' it, and add it again after the contraction with tenant_id WITH =', t.name, k.conname)
	FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'x'`, `
	SELECT format('the CHECK %I of %s isn''t valid, and a row that violates it can''t get its'
	  ' tenant_id: mend the rows, then ALTER TABLE %s VALIDATE CONSTRAINT %I', k.conname, t.name,
	  t.name, k.conname)
	FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'c'
	  AND NOT k.convalidated AND NOT starts_with(k.conname, 'bailiwick_tenant_')
	JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'tenant_id' AND NOT a.attnotnull
	WHERE NOT EXISTS (SELECT FROM pg_attrdef f WHERE f.adrelid = a.attrelid AND f.adnum = a.attnum)`, `
	SELECT format('the unique index %s is invalid, since its CREATE INDEX CONCURRENTLY failed, and'
	  ' refuses rows all the same: DROP INDEX %s, or REINDEX INDEX %s', index, index, index)
	FROM keys WHERE NOT indisvalid`, `
	SELECT format('%s depends on the key %s, which is replaced: drop it, and create it again after'
	  ' the contraction', pg_describe_object(d.classid, d.objid, d.objsubid), k.index)
	FROM keys k JOIN pg_depend d ON d.deptype = 'n'
	  AND (d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.constraint_oid
	    OR d.refclassid = 'pg_class'::regclass AND d.refobjid = k.indexrelid)
	WHERE NOT (d.classid = 'pg_constraint'::regclass
	    AND EXISTS (SELECT FROM pg_constraint c WHERE c.oid = d.objid AND c.contype = 'f'))
	  AND NOT (d.classid = 'pg_rewrite'::regclass AND k.indisprimary)`, `
	SELECT format('the foreign key %I of %s is MATCH FULL, which a foreign key with tenant_id can''t'
	  ' be: replace it by a MATCH SIMPLE one and a CHECK', k.conname, t.name)
	FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
	WHERE k.confmatchtype = 'f' AND cardinality(k.conkey) > 1 AND k.conparentid = 0
	  AND k.confrelid IN (SELECT oid FROM owned)`, `
	SELECT format('the publication %I publishes only some columns of %s, without the tenant_id that'
	  ' its replica identity gets, so that no row could be changed any more: ALTER PUBLICATION %I'
	  ' DROP TABLE %s, and add it again after the contraction', p.pubname, t.name, p.pubname, t.name)
	FROM tables t JOIN pg_publication_rel r ON r.prrelid = t.oid
	JOIN pg_publication p ON p.oid = r.prpubid AND (p.pubupdate OR p.pubdelete)
	WHERE to_jsonb(r) ->> 'prattrs' IS NOT NULL AND NOT EXISTS (SELECT FROM pg_attribute a
	  WHERE a.attrelid = t.oid AND a.attname = 'tenant_id'
	    AND a.attnum::text = ANY (string_to_array(to_jsonb(r) ->> 'prattrs', ' ')))`, `
	SELECT format('the event trigger %I runs at each change of the schema, and can refuse it: ALTER'
	  ' EVENT TRIGGER %I DISABLE during the migration', e.evtname, e.evtname)
	FROM pg_event_trigger e WHERE e.evtenabled IN ('O', 'A') AND EXISTS (SELECT FROM owned)
	  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_event_trigger'::regclass
	    AND d.objid = e.oid AND d.deptype = 'e')`, `
	SELECT 'the schema bailiwick exists and isn''t the library''s, whose schema has this name: ALTER'
	  ' SCHEMA bailiwick RENAME TO …'
	WHERE to_regnamespace('bailiwick') IS NOT NULL AND EXISTS (SELECT FROM pg_class
	    WHERE relnamespace = to_regnamespace('bailiwick'))
	  AND to_regclass('bailiwick.migrations') IS NULL`,
}

var partitionObstacles = []obstacle{`
	SELECT format('the foreign key %I is on the partition %s alone: add it to the whole table %s, or'
	  ' drop it', k.conname, t.name, t.root::regclass)
	FROM tables t JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'f'
	WHERE t.relispartition AND k.conparentid = 0 AND k.confrelid IN (SELECT oid FROM owned)
	  AND NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid
	    AND a.attname = 'tenant_id' AND a.attnum = ANY (k.conkey))`, `
	SELECT format('the foreign key %I of %s refers to %s, which is only a partition: drop it',
	  k.conname, k.conrelid::regclass, t.name)
	FROM tables t JOIN pg_constraint k ON k.confrelid = t.oid AND k.contype = 'f'
	WHERE t.relispartition AND k.conparentid = 0`, `
	SELECT format('the unique index %s is on the partition %s alone: create it on the whole table, or'
	  ' drop it', index, name)
	FROM keys WHERE relispartition
	  AND NOT EXISTS (SELECT FROM pg_inherits i WHERE i.inhrelid = keys.indexrelid)`,
}

var rightsObstacles = []obstacle{`
	SELECT format('%s belongs to %I, whose rights the migrating user %I doesn''t have: migrate as'
	  ' %I, or GRANT %I TO %I', name, owner, current_user, owner, owner, current_user)
	FROM (SELECT name, pg_get_userbyid(relowner) AS owner, relowner FROM tables
	  UNION SELECT name, pg_get_userbyid(relowner), relowner FROM readers
	  UNION SELECT n, pg_get_userbyid(c.relowner), c.relowner
	    FROM unnest(ARRAY[?1]::text[]) n JOIN pg_class c ON c.oid = to_regclass(n)) o
	WHERE NOT pg_has_role(current_user, relowner, 'USAGE')`, `
	SELECT DISTINCT format('the migrating user %I can''t create indexes in the schema %I: GRANT'
	  ' CREATE ON SCHEMA %I TO %I', current_user, nspname, nspname, current_user)
	FROM tables WHERE NOT has_schema_privilege(nspname, 'CREATE')`, `
	SELECT format('the migrating user %I can''t create a schema in this database: GRANT CREATE ON'
	  ' DATABASE %I TO %I', current_user, current_database(), current_user)
	WHERE to_regnamespace('bailiwick') IS NULL
	  AND NOT has_database_privilege(current_database(), 'CREATE')`,
}

var viewObstacles = []obstacle{`
	SELECT format('the materialized view %s reads tables of tenants, of which it would see no rows'
	  ' when it is refreshed, and whose rows it shows to all: drop it, or make it a view', name)
	FROM readers WHERE relkind = 'm'`, `
	SELECT DISTINCT format('%s depends on the view %s, which is created anew when the adoption is'
	  ' reverted: drop it first', pg_describe_object(d.classid, d.objid, 0), v)
	FROM unnest(ARRAY[?2]::text[]) v
	JOIN pg_depend d ON d.deptype = 'n' AND d.refobjid = to_regclass(v)
	  AND d.refclassid = 'pg_class'::regclass
	LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
	WHERE r.ev_class IS DISTINCT FROM to_regclass(v)`,
}

// findObstacles returns a sentence for each object that prevents the adoption.
func (e *Engine) findObstacles(ctx context.Context) ([]string, error) {
	queries := make([]string, len(obstacles))
	for i, o := range obstacles {
		queries[i] = strings.TrimSpace(string(o))
	}
	var found []string
	err := e.conn.NewRaw(ownedTables+strings.Join(queries, "\nUNION ALL\n"),
		bun.List(e.tableNames()), bun.List(e.copiedTables()), bun.List(e.viewNames())).
		Scan(ctx, &found)
	slices.Sort(found)
	return found, err
}

// copiedTables returns the tables of users and keys, whose rows are copied.
func (e *Engine) copiedTables() []string {
	var names []string
	if u := e.spec.Users; u != nil {
		names = append(names, u.sql())
	}
	if k := e.spec.Keys; k != nil {
		names = append(names, k.sql())
	}
	return names
}

func (e *Engine) viewNames() []string {
	var names []string
	for _, v := range e.spec.Views {
		names = append(names, v.sql())
	}
	return names
}
