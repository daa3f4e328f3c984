package adopt

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"github.com/uptrace/bun"
)

// state is the database as it is now and as it was before the adoption. Before the adoption
// has started, both are the same.
type state struct {
	now      map[string]*relation // by relation.sql, including partitions
	was      map[string]*relation
	views    map[string]*view
	oldView  map[string]*view
	info     databaseInfo // what else the database has now
	oldInfo  databaseInfo
	recorded bool // the original schema is in bailiwick.former
	custom   map[string]customState
	version  int // server_version_num
	super    bool

	otherTenants map[string]bool              // tables whose old tenant_id has other values than the tenant
	referrers    map[string][]string          // by table: undeclared tables with a foreign key to it
	copiedTypes  map[string]map[string]string // by table of users or keys: the types of its columns

	mirrored map[string]bool  // tables whose changes a trigger copies
	copied   map[string]bool  // tables whose rows have been copied
	uncopied map[string]int64 // by table: how many rows haven't been copied
	names    map[string]bool  // the names of all relations in the tables' schemas
}

// databaseInfo is what a database has in addition to the tables. Its JSON is stored in
// bailiwick.former.
type databaseInfo struct {
	Library    bool
	Functions  []string
	Trigrams   bool // the extension pg_trgm exists
	Search     bool // the search schema exists
	Privileges bool // the library's roles own objects or have privileges
}

type customState struct{ Up, Down bool }

// partitions returns the partitions of a table in order of their names.
func (s *state) partitions(of map[string]*relation, table string) []*relation {
	var list []*relation
	for _, name := range sortedNames(of) {
		if of[name].Parent == table {
			list = append(list, of[name])
		}
	}
	return list
}

// catalogQuery reads all that the steps depend on as one JSON array. Its parameter is the
// tables' names. search_path must be pg_catalog, so that all names in definitions are
// qualified.
var catalogQuery = `
WITH RECURSIVE declared AS (
  SELECT DISTINCT to_regclass(n)::oid AS oid FROM unnest(ARRAY[?]::text[]) n
), tree AS (
  SELECT oid FROM declared WHERE oid IS NOT NULL
  UNION SELECT i.inhrelid FROM tree t JOIN pg_inherits i ON i.inhparent = t.oid
    JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition
)
SELECT coalesce(json_agg(json_build_object(
  'Schema', n.nspname, 'Name', c.relname, 'Kind', c.relkind,
  'Rows', CASE c.relkind WHEN 'r' THEN greatest(c.reltuples, 0)::bigint
    ELSE (SELECT coalesce(sum(greatest(x.reltuples, 0)), 0)::bigint
      FROM pg_inherits i JOIN pg_class x ON x.oid = i.inhrelid WHERE i.inhparent = c.oid) END,
  'Owner', pg_get_userbyid(c.relowner),
  'Parent', (SELECT quote_qualified(pn.nspname, p.relname) FROM pg_inherits i
    JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE i.inhrelid = c.oid AND c.relispartition),
  'Inherits', EXISTS (SELECT FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhrelid
    WHERE c.oid IN (i.inhrelid, i.inhparent) AND NOT k.relispartition),
  'Enabled', c.relrowsecurity, 'Forced', c.relforcerowsecurity,
  'Columns', (SELECT json_agg(json_build_object(
      'Name', a.attname, 'Type', format_type(a.atttypid, a.atttypmod), 'NotNull', a.attnotnull,
      'Default', CASE WHEN a.attgenerated = ''
        THEN coalesce(pg_get_expr(d.adbin, d.adrelid), '') ELSE '' END,
      'Generated', a.attgenerated <> '', 'Identity', a.attidentity <> '') ORDER BY a.attnum)
    FROM pg_attribute a
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'Keys', (` + indexesQuery + ` AND i.indisunique),
  'Indexes', (` + indexesQuery + `
    AND NOT i.indisunique AND NOT starts_with(x.relname, 'bailiwick_search_')),
  'Foreign', (SELECT json_agg(json_build_object(
      'Name', k.conname, 'Columns', ` + columnsOf("k.conrelid", "k.conkey") + `,
      'Target', (SELECT quote_qualified(tn.nspname, t.relname) FROM pg_class t
        JOIN pg_namespace tn ON tn.oid = t.relnamespace WHERE t.oid = k.confrelid),
      'References', ` + columnsOf("k.confrelid", "k.confkey") + `,
      'Definition', pg_get_constraintdef(k.oid), 'Valid', k.convalidated,
      'Inherited', k.conparentid <> 0, 'OnUpdate', k.confupdtype, 'OnDelete', k.confdeltype,
      'Deferrable', k.condeferrable, 'Deferred', k.condeferred,
      'Comment', coalesce(obj_description(k.oid, 'pg_constraint'), ''),
      'SetColumns', CASE WHEN k.confdeltype IN ('n', 'd') THEN (
        SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = k.conrelid
          AND to_jsonb(k) -> 'confdelsetcols' @> to_jsonb(a.attnum)) END) ORDER BY k.conname)
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'f'),
  'Checks', (SELECT json_agg(json_build_object('Name', k.conname, 'Valid', k.convalidated))
    FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c'),
  'Triggers', (SELECT json_agg(json_build_object(
      'Name', g.tgname, 'Definition', pg_get_triggerdef(g.oid), 'Enabled', g.tgenabled,
      'Updates', g.tgtype & 17 = 17) ORDER BY g.tgname)
    FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal),
  'Policies', (SELECT json_agg(p.polname) FROM pg_policy p WHERE p.polrelid = c.oid),
  'Exclusions', (SELECT json_agg(k.conname) FROM pg_constraint k
    WHERE k.conrelid = c.oid AND k.contype = 'x'),
  'LeaningView', coalesce((SELECT min(r.ev_class::regclass::text) FROM pg_constraint k
    JOIN pg_depend d ON d.refclassid = 'pg_constraint'::regclass AND d.refobjid = k.oid
      AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid WHERE k.conrelid = c.oid AND k.contype = 'p'), '')
)), '[]')
FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_namespace n ON n.oid = c.relnamespace`

// indexesQuery reads the indexes of a relation c. The columns of an index with expressions are
// empty but for tenant_id.
const indexesQuery = `SELECT json_agg(json_build_object(
      'Name', x.relname, 'Constraint', k.oid IS NOT NULL, 'Primary', i.indisprimary,
      'Valid', i.indisvalid, 'Immediate', i.indimmediate,
      'Deferred', coalesce(k.condeferred, false), 'Partial', i.indpred IS NOT NULL,
      'Of', coalesce((SELECT px.relname FROM pg_inherits ih
        JOIN pg_class px ON px.oid = ih.inhparent WHERE ih.inhrelid = x.oid), ''),
      'Columns', CASE WHEN 0 = ANY (i.indkey::int2[]) THEN (
          SELECT json_agg(a.attname) FROM pg_attribute a WHERE a.attrelid = c.oid
            AND a.attname = 'tenant_id' AND a.attnum = ANY (i.indkey::int2[]))
        ELSE (SELECT json_agg(a.attname ORDER BY u.o)
          FROM unnest(i.indkey::int2[]) WITH ORDINALITY u (n, o)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.n
          WHERE u.o <= i.indnkeyatts) END,
      'Tail', substring(pg_get_indexdef(i.indexrelid) FROM ' (USING .*)'),
      'Definition', coalesce(pg_get_constraintdef(k.oid), ''),
      'Comment', coalesce(obj_description(x.oid, 'pg_class'), ''),
      'ConstraintComment', coalesce(obj_description(k.oid, 'pg_constraint'), ''),
      'Clustered', i.indisclustered, 'ReplicaIdentity', i.indisreplident,
      'Statistics', (SELECT json_agg(json_build_object('Column', a.attnum,
          'Target', a.attstattarget) ORDER BY a.attnum)
        FROM pg_attribute a WHERE a.attrelid = x.oid AND a.attstattarget >= 0),
      'Tablespace', coalesce((SELECT spcname FROM pg_tablespace s
        WHERE s.oid = x.reltablespace), ''),
      'Options', to_json(x.reloptions)) ORDER BY x.relname)
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
    LEFT JOIN pg_constraint k ON k.conindid = x.oid AND k.conrelid = c.oid
      AND k.contype IN ('p', 'u')
    WHERE i.indrelid = c.oid`

func columnsOf(relation, numbers string) string {
	return fmt.Sprintf("(SELECT json_agg(a.attname ORDER BY u.o)"+
		" FROM unnest(%s) WITH ORDINALITY u (n, o) JOIN pg_attribute a ON a.attrelid = %s"+
		" AND a.attnum = u.n)", numbers, relation)
}

// read returns the current state of the database.
func (e *Engine) read(ctx context.Context) (*state, error) {
	s := &state{custom: map[string]customState{}, copied: map[string]bool{}}
	err := e.conn.RunInTx(ctx, &sql.TxOptions{ReadOnly: true},
		func(ctx context.Context, tx bun.Tx) error {
			if err := e.readCustom(ctx, tx, s); err != nil { // in the host's own search_path
				return err
			}
			if _, err := tx.ExecContext(ctx,
				"SET LOCAL search_path = pg_catalog; SET LOCAL jit = off"); err != nil {
				return err
			}
			return e.readAll(ctx, tx, s)
		})
	return s, err
}

func (e *Engine) readAll(ctx context.Context, tx bun.Tx, s *state) error {
	err := tx.NewRaw("SELECT current_setting('server_version_num')::int, rolsuper FROM pg_roles"+
		" WHERE rolname = current_user").Scan(ctx, &s.version, &s.super)
	if err != nil {
		return err
	}
	var text string
	if err := tx.NewRaw(expandQualified(catalogQuery), bun.List(e.tableNames())).
		Scan(ctx, &text); err != nil {
		return err
	}
	var relations []*relation
	if err := json.Unmarshal([]byte(text), &relations); err != nil {
		return err
	}
	s.now = map[string]*relation{}
	for _, r := range relations {
		s.now[r.sql()] = r
	}
	if err := e.readDatabase(ctx, tx, s); err != nil {
		return err
	}
	if err := e.readFormer(ctx, tx, s); err != nil {
		return err
	}
	return e.readUsers(s, func(dest any, query string) error {
		return tx.NewRaw(query).Scan(ctx, dest)
	})
}
