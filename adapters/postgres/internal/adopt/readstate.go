package adopt

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// view is a view that reads an owned table, itself or through other views. Its JSON is stored in
// bailiwick.former.
type view struct {
	Schema, Name string
	Definition   string
	Options      []string
	Owner        string
	Grants       []string // the GRANT statements of its ACL
	Columns      []string
	// the statements for comments, defaults of columns and triggers; empty in what an earlier
	// version of the library recorded
	Extras []string
}

func (v *view) sql() string { return sqltext.Qualified(v.Schema, v.Name) }

// invoker reports whether the view reads with the rights of the user who queries it.
func (v *view) invoker() bool {
	return slices.Contains(v.Options, "security_invoker=true") ||
		slices.Contains(v.Options, "security_invoker=on")
}

var qualifiedMacro = regexp.MustCompile(`quote_qualified\((\w+\.\w+), (\w+\.\w+)\)`)

// expandQualified replaces the macro quote_qualified(schema, name) by an SQL expression for the
// qualified name, which always has quotes, as [sqltext.Quote] does.
func expandQualified(query string) string {
	const one = `'"' || replace($1, '"', '""') || '"."' || replace($2, '"', '""') || '"'`
	return qualifiedMacro.ReplaceAllString(query, one)
}

const viewsQuery = `
WITH RECURSIVE seen (oid) AS (
  SELECT to_regclass(n)::oid FROM unnest(ARRAY[?]::text[]) n
  UNION SELECT r.ev_class FROM seen s
    JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
      AND d.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_type = '1'
)
SELECT coalesce(json_agg(json_build_object(
  'Schema', n.nspname, 'Name', c.relname, 'Definition', pg_get_viewdef(c.oid),
  'Options', to_json(c.reloptions),
  'Owner', pg_get_userbyid(c.relowner),
  'Columns', (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'Grants', (SELECT json_agg(format('GRANT %s ON %s TO %s%s', a.privilege_type, c.oid::regclass,
      CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
      CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END))
    FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner),
  'Extras', (SELECT json_agg(statement) FROM (
    SELECT format('COMMENT ON VIEW %s IS %L', c.oid::regclass, obj_description(c.oid, 'pg_class'))
      WHERE obj_description(c.oid, 'pg_class') IS NOT NULL
    UNION ALL SELECT format('COMMENT ON COLUMN %s.%I IS %L', c.oid::regclass, a.attname,
        col_description(c.oid, a.attnum))
      FROM pg_attribute a WHERE a.attrelid = c.oid AND col_description(c.oid, a.attnum) IS NOT NULL
    UNION ALL SELECT format('ALTER VIEW %s ALTER COLUMN %I SET DEFAULT %s', c.oid::regclass,
        a.attname, pg_get_expr(f.adbin, f.adrelid))
      FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum
      WHERE f.adrelid = c.oid
    UNION ALL SELECT format('GRANT %s (%I) ON %s TO %s%s', g.privilege_type, a.attname,
        c.oid::regclass,
        CASE g.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(g.grantee)) END,
        CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
      FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) g WHERE a.attrelid = c.oid
    UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t
      WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
  ) AS e (statement)))), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND n.nspname NOT IN ('bailiwick', 'pg_catalog', 'information_schema')
  AND c.oid IN (SELECT oid FROM seen)`

const namesQuery = `
SELECT quote_qualified(n.nspname, c.relname)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname IN (SELECT DISTINCT n2.nspname FROM pg_class c2
  JOIN pg_namespace n2 ON n2.oid = c2.relnamespace
  WHERE c2.oid = ANY (SELECT to_regclass(x)::oid FROM unnest(ARRAY[?]::text[]) x))`

const databaseQuery = `
SELECT to_regnamespace('bailiwick') IS NOT NULL,
  EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm'), to_regnamespace(?) IS NOT NULL,
  EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
    JOIN pg_database b ON b.oid = d.dbid
    WHERE b.datname = current_database() AND d.refclassid = 'pg_authid'::regclass
      AND r.rolname IN (?))`

// readDatabase reads the views, the names in use and the databaseInfo.
func (e *Engine) readDatabase(ctx context.Context, tx bun.Tx, s *state) error {
	var text string
	if err := tx.NewRaw(viewsQuery, bun.List(slices.Collect(maps.Keys(s.now)))).
		Scan(ctx, &text); err != nil {
		return err
	}
	var views []*view
	if err := json.Unmarshal([]byte(text), &views); err != nil {
		return err
	}
	s.views = map[string]*view{}
	for _, v := range views {
		s.views[v.sql()] = v
	}
	var names []string
	err := tx.NewRaw(expandQualified(namesQuery), bun.List(e.tableNames())).Scan(ctx, &names)
	if err != nil {
		return err
	}
	s.names = map[string]bool{}
	for _, n := range names {
		s.names[n] = true
	}
	return e.readDatabaseInfo(ctx, tx, &s.info)
}

func (e *Engine) readDatabaseInfo(ctx context.Context, tx bun.Tx, b *databaseInfo) error {
	l := e.spec.Library
	err := tx.NewRaw(databaseQuery, l.Search, bun.List(l.Roles)).
		Scan(ctx, &b.Library, &b.Trigrams, &b.Search, &b.Privileges)
	if err != nil || !b.Library {
		return err
	}
	return tx.NewRaw("SELECT proname FROM pg_proc"+
		" WHERE pronamespace = to_regnamespace('bailiwick')").Scan(ctx, &b.Functions)
}

// readFormer reads the original schema. Before the adoption has started, that is the current
// one.
func (e *Engine) readFormer(ctx context.Context, tx bun.Tx, s *state) error {
	s.was, s.oldView, s.oldInfo = s.now, s.views, s.info
	var exists bool
	if err := tx.NewRaw("SELECT to_regclass('bailiwick.former') IS NOT NULL").
		Scan(ctx, &exists); err != nil || !exists {
		return err
	}
	var rows []struct {
		Object     string
		Definition json.RawMessage `bun:"shape"`
	}
	if err := tx.NewRaw("SELECT object, shape FROM bailiwick.former").
		Scan(ctx, &rows); err != nil || len(rows) == 0 {
		return err
	}
	s.recorded, s.was, s.oldView, s.oldInfo = true, map[string]*relation{}, map[string]*view{},
		databaseInfo{}
	for _, row := range rows {
		if err := s.loadFormer(row.Object, row.Definition); err != nil {
			return err
		}
	}
	return nil
}

// The object names in bailiwick.former, and their prefixes.
const (
	formerTable    = "table "
	formerView     = "view "
	formerDatabase = "database"
	formerCopied   = "copied "
)

// loadFormer adds one row of bailiwick.former to the original schema.
func (s *state) loadFormer(object string, definition []byte) error {
	switch {
	case object == formerDatabase:
		return json.Unmarshal(definition, &s.oldInfo)
	case strings.HasPrefix(object, formerCopied):
		s.copied[object[len(formerCopied):]] = true
	case strings.HasPrefix(object, formerTable):
		r := &relation{}
		s.was[object[len(formerTable):]] = r
		return json.Unmarshal(definition, r)
	case strings.HasPrefix(object, formerView):
		v := &view{}
		s.oldView[object[len(formerView):]] = v
		return json.Unmarshal(definition, v)
	}
	return nil
}

// snapshot returns the current schema in the form of bailiwick.former.
func (s *state) snapshot() (map[string]json.RawMessage, error) {
	all := map[string]any{formerDatabase: s.info}
	for name, r := range s.now {
		all[formerTable+name] = r
	}
	for name, v := range s.views {
		all[formerView+name] = v
	}
	out := map[string]json.RawMessage{}
	for name, definition := range all {
		text, err := json.Marshal(definition)
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// readCustom evaluates the conditions of the host's steps.
func (e *Engine) readCustom(ctx context.Context, tx bun.Tx, s *state) error {
	for _, c := range e.spec.Custom {
		var d customState
		if err := tx.NewRaw("SELECT ("+c.Done+")::bool, ("+c.Undone+")::bool").
			Scan(ctx, &d.Up, &d.Down); err != nil {
			return err
		}
		s.custom[c.Name] = d
	}
	return nil
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
