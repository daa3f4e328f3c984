package adopt

import (
	"context"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/uptrace/bun"
)

// view is one that reads an owned table.
type view struct {
	Schema, Name string
	Definition   string
	Options      []string
	Owner        string
	Grants       []string // statements that give what its ACL has
	Columns      []string
}

func (v *view) sql() string { return quote(v.Schema) + "." + quote(v.Name) }

func (v *view) invoker() bool {
	return slices.Contains(v.Options, "security_invoker=true") ||
		slices.Contains(v.Options, "security_invoker=on")
}

var wholeName = regexp.MustCompile(`quote_whole\((\w+\.\w+), (\w+\.\w+)\)`)

// whole writes out what names an object whole, and always quoted, as quote does.
func whole(query string) string {
	const one = `'"' || replace($1, '"', '""') || '"."' || replace($2, '"', '""') || '"'`
	return wholeName.ReplaceAllString(query, one)
}

const readingViews = `
SELECT coalesce(json_agg(json_build_object('Schema', n.nspname, 'Name', c.relname, 'Definition', pg_get_viewdef(c.oid), 'Options', to_json(c.reloptions),
  'Owner', pg_get_userbyid(c.relowner),
  'Columns', (SELECT json_agg(a.attname ORDER BY a.attnum) FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
  'Grants', (SELECT json_agg(format('GRANT %s ON %s TO %s%s', a.privilege_type, c.oid::regclass, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
     CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)) FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner))), '[]')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'v' AND n.nspname NOT IN ('bailiwick', 'pg_catalog', 'information_schema')
  AND EXISTS (SELECT FROM pg_rewrite r JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
              WHERE r.ev_class = c.oid AND d.refobjid = ANY (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?]::text[]) n))`

// readSurroundings reads what stands beside the tables.
func (e *Engine) readSurroundings(ctx context.Context, tx bun.Tx, s *state) error {
	var text string
	if err := tx.NewRaw(readingViews, bun.List(slices.Collect(maps.Keys(s.now)))).
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
	err := tx.NewRaw(`SELECT quote_ident(n.nspname) || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname IN (SELECT DISTINCT n2.nspname FROM pg_class c2 JOIN pg_namespace n2 ON n2.oid = c2.relnamespace
		  WHERE c2.oid = ANY (SELECT to_regclass(x)::oid FROM unnest(ARRAY[?]::text[]) x))`, bun.List(e.tableNames())).Scan(ctx, &names)
	if err != nil {
		return err
	}
	s.names = map[string]bool{}
	for _, n := range names {
		s.names[n] = true
	}
	return e.readBase(ctx, tx, &s.base)
}

func (e *Engine) readBase(ctx context.Context, tx bun.Tx, b *base) error {
	l := e.spec.Library
	err := tx.NewRaw(`SELECT to_regnamespace('bailiwick') IS NOT NULL, EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm'), to_regnamespace(?) IS NOT NULL,
		EXISTS (SELECT FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid JOIN pg_database b ON b.oid = d.dbid
		  WHERE b.datname = current_database() AND d.refclassid = 'pg_authid'::regclass AND r.rolname IN (?))`,
		l.Search, bun.List(l.Roles)).Scan(ctx, &b.Library, &b.Trigrams, &b.Search, &b.Privileges)
	if err != nil || !b.Library {
		return err
	}
	return tx.NewRaw("SELECT proname FROM pg_proc WHERE pronamespace = to_regnamespace('bailiwick')").Scan(ctx, &b.Functions)
}

// readFormer reads what was there before the adoption.
func (e *Engine) readFormer(ctx context.Context, tx bun.Tx, s *state) error {
	s.was, s.oldView, s.oldBase = s.now, s.views, s.base
	var known bool
	if err := tx.NewRaw("SELECT to_regclass('bailiwick.former') IS NOT NULL").
		Scan(ctx, &known); err != nil || !known {
		return err
	}
	var rows []struct {
		Object string
		Shape  json.RawMessage
	}
	if err := tx.NewRaw("SELECT object, shape FROM bailiwick.former").
		Scan(ctx, &rows); err != nil || len(rows) == 0 {
		return err
	}
	s.begun, s.was, s.oldView, s.oldBase = true, map[string]*relation{}, map[string]*view{}, base{}
	for _, row := range rows {
		if err := s.remember(row.Object, row.Shape); err != nil {
			return err
		}
	}
	return nil
}

// The prefixes of the names in bailiwick.former.
const (
	formerTable = "table "
	formerView  = "view "
	formerBase  = "database"
	copiedMark  = "copied "
)

func (s *state) remember(object string, shape []byte) error {
	switch {
	case object == formerBase:
		return json.Unmarshal(shape, &s.oldBase)
	case strings.HasPrefix(object, copiedMark):
		s.copied[object[len(copiedMark):]] = true
	case strings.HasPrefix(object, formerTable):
		r := &relation{}
		s.was[object[len(formerTable):]] = r
		return json.Unmarshal(shape, r)
	case strings.HasPrefix(object, formerView):
		v := &view{}
		s.oldView[object[len(formerView):]] = v
		return json.Unmarshal(shape, v)
	}
	return nil
}

// record keeps what there is, before anything of it is changed.
func (s *state) record() (map[string]json.RawMessage, error) {
	all := map[string]any{formerBase: s.base}
	for name, r := range s.now {
		all[formerTable+name] = r
	}
	for name, v := range s.views {
		all[formerView+name] = v
	}
	out := map[string]json.RawMessage{}
	for name, shape := range all {
		text, err := json.Marshal(shape)
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// readCustom asks the host's conditions.
func (e *Engine) readCustom(ctx context.Context, tx bun.Tx, s *state) error {
	for _, c := range e.spec.Custom {
		var d done
		if err := tx.NewRaw("SELECT ("+c.Done+")::bool, ("+c.Undone+")::bool").
			Scan(ctx, &d.Up, &d.Down); err != nil {
			return err
		}
		s.custom[c.Name] = d
	}
	return nil
}

func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
