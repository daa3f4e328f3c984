package catalog

import (
	"context"
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"
	"sync"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// Entry is one property of an object in the library's schemas.
type Entry struct {
	Kind   string // which property: owner, grant, column, …
	Object string // as DROP names it: TABLE bailiwick.tenants
	Part   string // of the object: a column, a constraint, a privilege; empty for the whole
	Value  string // with {owner}, {app}, {system} and {search} for the names of the roles
}

// Key identifies what the entry is about.
func (e Entry) Key() string { return e.Kind + "|" + e.Object + "|" + e.Part }

// The kinds of entries that need an examination of their own.
const (
	KindGrant        = "grant"
	KindOwner        = "owner"
	KindPolicy       = "policy"
	KindKindFunction = "kind function" // a function that a migration makes for each kind
)

//go:embed expected.json
var expectedJSON []byte

// ExpectedEntries returns the inventory of a database that this version has just migrated, without
// the functions of kinds, by key. The program in the directory snapshot writes it.
var ExpectedEntries = sync.OnceValue(func() map[string]Entry {
	var entries []Entry
	if err := json.Unmarshal(expectedJSON, &entries); err != nil {
		panic(err) // the file is embedded
	}
	byKey := make(map[string]Entry, len(entries))
	for _, e := range entries {
		byKey[e.Key()] = e
	}
	return byKey
})

// Inventory reads every property of every object in the library's schemas. The months of the audit
// log have only those that differ from month to month: owners, grants, triggers and policies.
func Inventory(ctx context.Context, tx bun.IDB, roles pool.Roles) (entries []Entry, err error) {
	err = tx.NewRaw(inventory, roles.Owner, roles.Search, roles.App, roles.System,
		itemsql.SearchSchema).Scan(ctx, &entries)
	return entries, err
}

var monthOfAudit = regexp.MustCompile(`^TABLE bailiwick\.audit_\d{6}$`)

// IsMonth reports whether the entry is about a month's part of the audit log.
func (e Entry) IsMonth() bool { return monthOfAudit.MatchString(e.Object) }

// OfKinds returns the objects that are functions of kinds.
func OfKinds(entries []Entry) map[string]bool {
	objects := map[string]bool{}
	for _, e := range entries {
		if e.Kind == KindKindFunction {
			objects[e.Object] = true
		}
	}
	return objects
}

// InRoles returns a text of an entry with the names of the roles, quoted.
func InRoles(text string, roles pool.Roles) string {
	quote := func(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
	return strings.NewReplacer("{owner}", quote(roles.Owner), "{search}", quote(roles.Search),
		"{app}", quote(roles.App), "{system}", quote(roles.System)).Replace(text)
}

// FunctionDigest is an SQL expression for the digest of what a function p does.
const FunctionDigest = `'bailiwick ' || encode(sha256(convert_to(concat_ws('|', p.prosrc, p.prosecdef,
	p.provolatile, p.proconfig, p.prolang), 'UTF8')), 'hex')`

// StampFunction returns the statement that stores the digest of a function in its comment. The
// functions of kinds depend on the declaration, so only the migration that creates them knows what
// they should be, and instances with another declaration may share the database.
func StampFunction(signature string) string {
	return "DO $stamp$ BEGIN EXECUTE (SELECT pg_catalog.format('COMMENT ON FUNCTION %s IS %L'," +
		" p.oid::regprocedure, " + FunctionDigest + ") FROM pg_catalog.pg_proc p" +
		" WHERE p.oid = to_regprocedure('" + strings.ReplaceAll(signature, "'", "''") +
		"')); END $stamp$"
}

// inventory reads an [Entry] of each property. Parameters: 0 to 3 the roles owner, search, app and
// system; 4 the schema of searches. What only newer servers have in their catalog, such as NOT NULL
// as a constraint, is left out, so that all servers give the same entries.
const inventory = `
WITH ns AS (
  SELECT oid, nspname, nspowner, nspacl FROM pg_namespace WHERE nspname IN ('bailiwick', ?4)
), roles AS (
  SELECT oid, CASE rolname WHEN ?0 THEN '{owner}' WHEN ?1 THEN '{search}' WHEN ?2 THEN '{app}'
           WHEN ?3 THEN '{system}' ELSE quote_ident(rolname) END AS name FROM pg_roles
  UNION ALL SELECT 0, 'PUBLIC'
), rel AS (
  SELECT c.*, c.relispartition AND c.relname <> 'audit_rest' AS month,
         CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE'
           WHEN 'f' THEN 'FOREIGN TABLE' WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END
           || format(' %I.%I', ns.nspname, c.relname) AS object,
         format('%I.%I', ns.nspname, c.relname) AS name
    FROM pg_class c JOIN ns ON ns.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
), proc AS (
  SELECT p.*, format('ROUTINE %I.%I(%s)', ns.nspname, p.proname, p.arguments) AS object,
         ns.nspname = ?4 OR p.proname LIKE 'get\_%' AND p.arguments = 'uuid, text' AS of_kind
    FROM (SELECT *, oidvectortypes(proargtypes) AS arguments FROM pg_proc) p
    JOIN ns ON ns.oid = p.pronamespace
), entry (kind, object, part, value) AS (
  SELECT 'owner', format('SCHEMA %I', nspname), '', r.name FROM ns JOIN roles r ON r.oid = nspowner
  UNION ALL
  SELECT 'owner', object, '', r.name FROM rel JOIN roles r ON r.oid = relowner WHERE relkind <> 'c'
  UNION ALL
  SELECT 'owner', object, '', r.name FROM proc JOIN roles r ON r.oid = proowner
  UNION ALL
  SELECT 'grant', g.object, a.privilege_type || coalesce(' (' || quote_ident(g.columns) || ')', '')
           || ' TO ' || r.name, CASE WHEN a.is_grantable THEN 'WITH GRANT OPTION' ELSE '' END
    FROM (SELECT format('SCHEMA %I', nspname) AS object, NULL::text AS columns, nspowner AS owner, nspacl AS acl FROM ns
          UNION ALL SELECT object, NULL, relowner, relacl FROM rel
          UNION ALL SELECT object, a.attname, relowner, a.attacl FROM rel
            JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
          UNION ALL SELECT object, NULL, proowner, coalesce(proacl, acldefault('f', proowner)) FROM proc) g,
         LATERAL aclexplode(g.acl) a JOIN roles r ON r.oid = a.grantee
   WHERE a.grantee <> g.owner
  UNION ALL
  SELECT 'kind', object, '', CASE relpersistence WHEN 'u' THEN 'UNLOGGED' WHEN 'p' THEN 'PERMANENT' ELSE 'TEMPORARY' END
           || CASE relkind WHEN 'p' THEN ' PARTITIONED' ELSE '' END FROM rel WHERE NOT month
  UNION ALL
  SELECT 'options', object, '', coalesce((SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(reloptions) o
           WHERE o LIKE 'security%' OR o LIKE 'check_option%'), '') FROM rel WHERE relkind = 'v'
  UNION ALL
  SELECT 'row security', object, '', CASE WHEN relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END
    FROM rel WHERE relkind IN ('r', 'p')
  UNION ALL
  SELECT 'forced row security', object, '', CASE WHEN relforcerowsecurity THEN 'FORCE' ELSE 'NO FORCE' END
    FROM rel WHERE relkind IN ('r', 'p')
  UNION ALL
  SELECT 'replica identity', object, '', CASE relreplident WHEN 'd' THEN 'DEFAULT' WHEN 'n' THEN 'NOTHING'
           WHEN 'f' THEN 'FULL' ELSE 'INDEX' END FROM rel WHERE relkind IN ('r', 'p') AND NOT month
  UNION ALL
  SELECT 'column', object, quote_ident(a.attname),
         format_type(a.atttypid, a.atttypmod)
           || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
           || CASE WHEN a.attgenerated = 's' THEN ' GENERATED ALWAYS AS ('
                || pg_get_expr(d.adbin, d.adrelid) || ') STORED'
                ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
           || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
    FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = rel.oid AND d.adnum = a.attnum
   WHERE NOT month AND relkind <> 'S'
  UNION ALL
  SELECT 'constraint', object, quote_ident(k.conname), pg_get_constraintdef(k.oid)
    FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid AND k.contype NOT IN ('n', 't') WHERE NOT month
  UNION ALL
  SELECT 'index', object, format('%I', x.relname), pg_get_indexdef(x.oid)
           || CASE WHEN i.indisvalid AND i.indisready AND i.indislive THEN '' ELSE ' (invalid)' END
    FROM rel JOIN pg_index i ON i.indrelid = rel.oid JOIN pg_class x ON x.oid = i.indexrelid
   WHERE NOT month
     AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x'))
  UNION ALL
  SELECT 'trigger', object, quote_ident(g.tgname), pg_get_triggerdef(g.oid)
           || CASE g.tgenabled WHEN 'O' THEN '' WHEN 'A' THEN ' (always)'
                WHEN 'R' THEN ' (replica)' ELSE ' (disabled)' END
    FROM rel JOIN pg_trigger g ON g.tgrelid = rel.oid
     -- a partition's copy of a trigger counts as internal before version 15
     AND (NOT g.tgisinternal OR g.tgparentid <> 0 AND g.tgconstraint = 0)
  UNION ALL
  SELECT 'rule', object, quote_ident(w.rulename), pg_get_ruledef(w.oid)
    FROM rel JOIN pg_rewrite w ON w.ev_class = rel.oid AND w.rulename <> '_RETURN'
  UNION ALL
  SELECT 'policy', object, quote_ident(p.polname),
         CASE WHEN p.polpermissive THEN 'AS PERMISSIVE FOR ' ELSE 'AS RESTRICTIVE FOR ' END
           || CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END
           || ' TO ' || (SELECT string_agg(r.name, ', ' ORDER BY r.name) FROM roles r WHERE r.oid = ANY (p.polroles))
           || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '')
    FROM rel JOIN pg_policy p ON p.polrelid = rel.oid WHERE p.polname <> 'bailiwick_tenant'
  UNION ALL
  SELECT 'view', object, '', regexp_replace(regexp_replace(
           pg_get_viewdef(rel.oid), '\mimport_items\.(\w)', '\1', 'g'), '\s+', ' ', 'g')
    FROM rel WHERE relkind IN ('v', 'm')
  UNION ALL
  SELECT CASE WHEN p.of_kind THEN 'kind function' ELSE 'function' END, p.object, '',
         CASE WHEN p.of_kind
           THEN CASE WHEN p.prosecdef THEN 'DEFINER' ELSE 'INVOKER' END
             || CASE WHEN obj_description(p.oid, 'pg_proc') = ` + FunctionDigest + ` THEN '' ELSE ' changed' END
           ELSE concat_ws(' ', CASE p.prokind WHEN 'f' THEN 'FUNCTION' ELSE 'OTHER' END,
             'RETURNS', pg_get_function_result(p.oid),
             'LANGUAGE', l.lanname,
             CASE p.provolatile WHEN 'i' THEN 'IMMUTABLE' WHEN 's' THEN 'STABLE' ELSE 'VOLATILE' END,
             CASE WHEN p.prosecdef THEN 'SECURITY DEFINER' ELSE 'SECURITY INVOKER' END,
             CASE WHEN p.proisstrict THEN 'STRICT' END, CASE WHEN p.proleakproof THEN 'LEAKPROOF' END,
             'PARALLEL', p.proparallel, p.proconfig::text, md5(p.prosrc)) END
    FROM proc p JOIN pg_language l ON l.oid = p.prolang
  UNION ALL
  SELECT 'object', upper(o.type) || ' ' || o.identity, '', ''
    FROM pg_depend d JOIN ns ON ns.oid = d.refobjid,
         LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) o
   WHERE d.refclassid = 'pg_namespace'::regclass
     AND d.classid NOT IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_default_acl'::regclass)
     AND NOT (d.classid = 'pg_type'::regclass AND EXISTS (
       SELECT FROM pg_type t WHERE t.oid = d.objid AND (t.typrelid <> 0 OR t.typelem <> 0)))
  UNION ALL
  SELECT 'default privileges', format('SCHEMA %I', ns.nspname),
         CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
           WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END,
         format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I REVOKE ALL ON %s FROM %s',
           pg_get_userbyid(d.defaclrole), ns.nspname,
           CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES'
           WHEN 'f' THEN 'FUNCTIONS' ELSE 'TYPES' END,
           (SELECT string_agg(DISTINCT r.name, ', ') FROM aclexplode(d.defaclacl) a JOIN roles r ON r.oid = a.grantee))
    FROM pg_default_acl d JOIN ns ON ns.oid = d.defaclnamespace
)
SELECT kind, object, part, value FROM entry ORDER BY kind, object, part, value`
