package isolationtest

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	declared "github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// relation is a table or a view that has a column with a tenant's id.
type relation struct {
	Tenant           string // the column with the tenant's id
	OID              int64
	Schema           string
	Name             string
	SQL              string // quoted
	View             bool
	Enabled          bool   // row security is on
	Owner            string // a role
	BypassesPolicies bool   // no policy applies to the owner
	Readable         bool   // by the application's role
	Declared         bool   `bun:"-"`
	Library          bool   `bun:"-"`

	columns []column
	keys    []key
	refs    []reference
	checks  []check
	rows    map[tenancy.ID][]row
	plain   bool // generated rows have required columns only, since others violate a check

	first, firstKept string // the attacker's rows at the beginning, for reset: whole, and as kept
}

type column struct {
	Relation  int64
	Name      string
	Type      string // pg_type.typname, a domain's base type
	Category  string // pg_type.typcategory
	NotNull   bool
	Defaulted bool
	Length    int    // the maximum of a text; 0: unlimited
	Label     string // the first of an enumeration

	softDelete bool // a value marks the row as deleted
}

// key is a unique index. Expressions aren't in Columns.
type key struct {
	Relation int64
	Name     string
	Primary  bool
	Columns  []string `bun:",array"`
}

// reference is a foreign key.
type reference struct {
	Relation int64
	Name     string
	Target   int64
	Columns  []string `bun:",array"`
	Refers   []string `bun:",array"`
}

type check struct {
	Relation   int64
	Columns    []string `bun:",array"`
	Definition string
}

// row is a row in the form of to_jsonb.
type row map[string]json.RawMessage

// tenantSQL returns the column with a tenant's id as the library's statements have it.
func tenantSQL(column string) string {
	if column == declared.DefaultTenantColumn {
		return column
	}
	return sqltext.Quote(column)
}

func (t *relation) tenant() string { return tenantSQL(t.Tenant) }

// withoutFilter returns a context whose statements have no filter.
func (e *examination) withoutFilter(ctx context.Context) context.Context {
	return filterbypass.WithoutFilter(ctx, e.internals.Columns...)
}

// librarySchema is the schema of the library's own tables.
const librarySchema = "bailiwick"

// readCatalog reads all tables and views with a tenant's id in the schemas of the owned
// tables and in the library's.
func (e *examination) readCatalog(ctx context.Context) error {
	if err := e.readRelations(ctx); err != nil {
		return err
	}
	var columns []column
	var keys []key
	var refs []reference
	var checks []check
	for query, dest := range map[string]any{columnsQuery: &columns, keysQuery: &keys,
		referencesQuery: &refs, checksQuery: &checks} {
		if err := e.internals.Owner.NewRaw(query, bun.List(e.oids())).Scan(ctx, dest); err != nil {
			return err
		}
	}
	for _, t := range e.tables {
		t.columns = ofRelation(t, columns, func(c column) int64 { return c.Relation })
		t.keys = ofRelation(t, keys, func(k key) int64 { return k.Relation })
		t.refs = ofRelation(t, refs, func(r reference) int64 { return r.Relation })
		t.checks = ofRelation(t, checks, func(c check) int64 { return c.Relation })
	}
	e.markSoftDeletes()
	return e.readSharedRows(ctx)
}

// readSharedRows reads a row of each table without a tenant that others refer to.
func (e *examination) readSharedRows(ctx context.Context) error {
	e.sharedRows = map[int64]row{}
	for _, t := range e.tables {
		for _, r := range t.refs {
			if e.table(r.Target) != nil || len(t.withoutTenant(r.Columns)) == 0 {
				continue
			}
			var name, text string
			if err := e.internals.Owner.NewRaw("SELECT ?::oid::regclass::text", r.Target).
				Scan(ctx, &name); err != nil {
				return err
			}
			err := e.internals.Owner.NewRaw("SELECT coalesce((SELECT to_jsonb(t) FROM "+name+
				" AS t LIMIT 1), '{}')::text").Scan(ctx, &text)
			if err != nil {
				return err
			}
			found := row{}
			if err := json.Unmarshal([]byte(text), &found); err != nil {
				return err
			}
			e.sharedRows[r.Target] = found
		}
	}
	return nil
}

// markSoftDeletes finds the columns of models that bun deletes softly: a generated row with a value
// there would be deleted, and show nothing.
func (e *examination) markSoftDeletes() {
	for _, model := range e.internals.Models {
		of := e.internals.Owner.Table(reflect.TypeOf(model).Elem())
		if of.SoftDeleteField == nil {
			continue
		}
		for _, t := range e.tables {
			for i, c := range t.columns {
				t.columns[i].softDelete = c.softDelete ||
					t.Name == of.Name && c.Name == of.SoftDeleteField.Name && !c.NotNull
			}
		}
	}
}

func ofRelation[T any](t *relation, all []T, relation func(T) int64) []T {
	return slices.DeleteFunc(slices.Clone(all), func(one T) bool { return relation(one) != t.OID })
}

func (e *examination) readRelations(ctx context.Context) error {
	var app string
	err := e.db.Scoped(bindTenant(ctx, tenancy.DefaultID)).NewRaw("SELECT session_user").
		Scan(bindTenant(ctx, tenancy.DefaultID), &app)
	if err != nil {
		return err
	}
	err = e.internals.Owner.NewRaw(relationsQuery, app, librarySchema,
		bun.List(e.internals.Owned), bun.List(e.internals.Columns)).Scan(ctx, &e.tables)
	for _, t := range e.tables {
		t.Library = t.Schema == librarySchema
		t.Declared = slices.Contains(e.internals.Owned, sqltext.Qualified(t.Schema, t.Name))
		t.rows = map[tenancy.ID][]row{}
	}
	return err
}

const relationsQuery = `
SELECT coalesce(d.tenant, 'tenant_id') AS tenant, c.oid, n.nspname AS schema, c.relname AS name,
  format('%I.%I', n.nspname, c.relname) AS sql, c.relkind IN ('v', 'm') AS view,
  c.relrowsecurity AS enabled, r.rolname AS owner,
  r.rolsuper OR r.rolbypassrls AS bypasses_policies,
  has_schema_privilege(?0, n.oid, 'USAGE')
    AND has_any_column_privilege(?0, c.oid, 'SELECT') AS readable
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_roles r ON r.oid = c.relowner
LEFT JOIN (SELECT to_regclass(u.name)::oid AS oid, u.tenant
  FROM unnest(ARRAY[?2]::text[], ARRAY[?3]::text[]) AS u (name, tenant)) AS d ON d.oid = c.oid
WHERE c.relkind IN ('r', 'p', 'v', 'm') AND NOT c.relispartition
  AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = coalesce(d.tenant, 'tenant_id')
    AND a.atttypid = 'uuid'::regtype AND NOT a.attisdropped)
  AND (n.nspname = ?1 OR n.oid IN (SELECT o.relnamespace FROM pg_class o WHERE o.oid = ANY (
    SELECT to_regclass(name) FROM unnest(ARRAY[?2]::text[]) name)))
ORDER BY 6, 3, 4`

const columnsQuery = `
SELECT a.attrelid AS relation, a.attname AS name, b.typname AS type,
  b.typcategory AS category, a.attnotnull AS not_null,
  a.atthasdef OR a.attidentity <> '' AS defaulted,
  CASE WHEN b.typname IN ('varchar', 'bpchar') AND a.atttypmod > 4
    THEN a.atttypmod - 4 ELSE 0 END AS length,
  coalesce((SELECT l.enumlabel FROM pg_enum l WHERE l.enumtypid = b.oid
    ORDER BY l.enumsortorder LIMIT 1), '') AS label
FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
WHERE a.attrelid IN (?) AND a.attnum > 0 AND NOT a.attisdropped
  AND a.attgenerated = '' AND a.attidentity <> 'a'
ORDER BY a.attrelid, a.attnum`

const keysQuery = `
SELECT i.indrelid AS relation, c.relname AS name, i.indisprimary AS primary,
  ARRAY(SELECT a.attname::text FROM unnest(i.indkey::int2[]) WITH ORDINALITY k(number, place)
    JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number
    WHERE k.place <= i.indnkeyatts ORDER BY k.place) AS columns
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid IN (?) AND i.indisunique
ORDER BY i.indrelid, NOT i.indisprimary, c.relname`

const referencesQuery = `
SELECT f.conrelid AS relation, f.conname AS name, f.confrelid AS target,
  ARRAY(SELECT a.attname::text FROM unnest(f.conkey) WITH ORDINALITY k(number, place)
    JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number
    ORDER BY k.place) AS columns,
  ARRAY(SELECT a.attname::text FROM unnest(f.confkey) WITH ORDINALITY k(number, place)
    JOIN pg_attribute a ON a.attrelid = f.confrelid AND a.attnum = k.number
    ORDER BY k.place) AS refers
FROM pg_constraint f WHERE f.contype = 'f' AND f.conparentid = 0 AND f.conrelid IN (?)
ORDER BY f.conrelid, f.conname`

const checksQuery = `
SELECT c.conrelid AS relation, pg_get_constraintdef(c.oid) AS definition,
  ARRAY(SELECT a.attname::text FROM unnest(c.conkey) k
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k) AS columns
FROM pg_constraint c WHERE c.contype = 'c' AND c.conrelid IN (?) ORDER BY c.conrelid, c.conname`

func (e *examination) oids() []int64 {
	list := []int64{0}
	for _, t := range e.tables {
		list = append(list, t.OID)
	}
	return list
}

// table returns the relation with this oid, or nil if it has no tenant's id.
func (e *examination) table(oid int64) *relation {
	for _, t := range e.tables {
		if t.OID == oid {
			return t
		}
	}
	return nil
}

// label returns the name of the relation in a report.
func (t *relation) label() string { return strings.TrimPrefix(t.Schema+"."+t.Name, "public.") }

// primary returns the columns that identify a row within its tenant.
func (t *relation) primary() []string {
	if len(t.keys) == 0 {
		return nil
	}
	return t.withoutTenant(t.keys[0].Columns) // the primary key comes first
}

func (t *relation) withoutTenant(columns []string) []string {
	return slices.DeleteFunc(slices.Clone(columns),
		func(c string) bool { return c == t.Tenant })
}

// bindTenant returns ctx with a tenant.
func bindTenant(ctx context.Context, tenant tenancy.ID) context.Context {
	return tenancy.NewContext(ctx, tenant)
}
