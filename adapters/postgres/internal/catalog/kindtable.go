package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// column is a column of a table, as the catalog has it.
type column struct {
	Table      string // as the declarations write it
	Name       string
	Type       string // of the elements of an array; of the base of a domain
	Array      bool
	Composite  bool
	Category   string // of the type, see pg_type
	NotNull    bool
	HasDefault bool
	Generated  bool // the database computes it, and refuses another value
	Identity   bool
	Expression string // of the default or of the identity's sequence; empty if none
	Modifier   int32  // pg_attribute.atttypmod
}

const columnQuery = `
WITH RECURSIVE types AS (
  SELECT oid AS declared, oid, typbasetype, typtype FROM pg_catalog.pg_type
  UNION ALL
  SELECT t.declared, b.oid, b.typbasetype, b.typtype FROM types t
    JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype AND t.typtype = 'd'
)
SELECT n AS "table", a.attname AS name, coalesce(e.typname, b.typname)::text AS type,
  b.typcategory = 'A' AS array, b.typtype = 'c' AS composite, b.typcategory::text AS category,
  a.attnotnull AS not_null, a.atthasdef OR a.attidentity <> '' AS has_default,
  a.attgenerated <> '' OR a.attidentity = 'a' AS generated, a.attidentity <> '' AS identity,
  CASE WHEN a.attidentity <> '' THEN format('nextval(%L::regclass)', pg_get_serial_sequence(n, a.attname))
    WHEN a.attgenerated = '' THEN coalesce(pg_get_expr(f.adbin, f.adrelid), '') ELSE '' END AS expression,
  a.atttypmod AS modifier
FROM unnest(ARRAY[?]::text[]) n JOIN pg_catalog.pg_attribute a ON a.attrelid = to_regclass(n)
JOIN types t ON t.declared = a.atttypid AND t.typtype <> 'd'
JOIN pg_catalog.pg_type b ON b.oid = t.oid
LEFT JOIN pg_catalog.pg_type e ON e.oid = b.typelem AND b.typcategory = 'A'
LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`

// triggerQuery lists the tables with a trigger that may change a row before an update.
const triggerQuery = `
SELECT DISTINCT n FROM unnest(ARRAY[?]::text[]) n
JOIN pg_catalog.pg_trigger t ON t.tgrelid = to_regclass(n)
WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgtype & 19 = 19`

// auditTriggerQuery reads the triggers that record a host's writes, by table.
const auditTriggerQuery = `
SELECT n AS "table", ` + auditTriggers + ` AS triggers
FROM unnest(ARRAY[?]::text[]) n JOIN pg_catalog.pg_class c ON c.oid = to_regclass(n)`

// Check returns an error that names everything that the tables of kinds lack, each with the
// statement that mends it. With served it also looks for the triggers that count versions and
// that record a host's writes, which a migration creates.
func (k *KindTables) Check(ctx context.Context, db bun.IDB, served bool) error {
	var versioned []string
	if served && len(k.declared.KindTables) > 0 {
		if err := db.NewRaw(triggerQuery, k.names()).Scan(ctx, &versioned); err != nil {
			return err
		}
	}
	for _, t := range k.declared.KindTables {
		k.check(t)
		if served && k.columns[t.SQL] != nil && !slices.Contains(versioned, t.SQL) {
			k.lacks(t.SQL, "the trigger that counts the versions of its rows", "migrate the schema")
		}
	}
	if served {
		if err := k.checkAuditTriggers(ctx, db); err != nil {
			return err
		}
	}
	return k.err()
}

// checkAuditTriggers names the tables whose writes aren't recorded and should be. A table whose
// writes are recorded though its declaration says no is no reason to refuse it.
func (k *KindTables) checkAuditTriggers(ctx context.Context, db bun.IDB) error {
	if len(k.declared.KindTables) == 0 {
		return nil
	}
	var found []struct{ Table, Triggers string }
	if err := db.NewRaw(auditTriggerQuery, k.names()).Scan(ctx, &found); err != nil {
		return err
	}
	kinds := k.declared.KindTablesBySQL()
	for _, f := range found {
		kind := kinds[f.Table]
		if isAudited(kind) && f.Triggers != wantedAuditTriggers(kind) {
			k.lacks(f.Table, "the triggers that record a host's writes in the audit log",
				"migrate the schema")
		}
	}
	return nil
}

// readColumns returns the columns of the kinds' tables, by table and name.
func readColumns(
	ctx context.Context, db bun.IDB, d *declare.Set,
) (map[string]map[string]column, error) {
	var found []column
	err := db.NewRaw(columnQuery, bun.List(declare.OwnedTables(d.KindTables))).Scan(ctx, &found)
	if err != nil {
		return nil, err
	}
	columns := map[string]map[string]column{}
	for _, c := range found {
		if columns[c.Table] == nil {
			columns[c.Table] = map[string]column{}
		}
		columns[c.Table][c.Name] = c
	}
	return columns, nil
}

// ColumnProblem is a sentence about a column whose values no item can have, and what mends it.
type ColumnProblem struct{ Column, Sentence string }

// ColumnProblems returns the problems of the columns that a single-tenant table of a kind has. What
// is missing isn't among them.
func ColumnProblems(
	ctx context.Context, db bun.IDB, d *declare.Set,
) (problems []ColumnProblem, err error) {
	if len(d.KindTables) == 0 {
		return nil, nil
	}
	columns, err := readColumns(ctx, db, d)
	if err != nil {
		return nil, err
	}
	check := func(t *declare.Table, name string, fn func(*KindTables)) {
		if _, exists := columns[t.SQL][name]; !exists {
			return
		}
		k := KindTables{columns: columns}
		fn(&k)
		for _, l := range k.found {
			problems = append(problems, ColumnProblem{name, l.table + ": " + l.what + ": " + l.mend})
		}
	}
	for _, t := range d.KindTables {
		check(t, "id", func(k *KindTables) { k.checkID(t) })
		for _, c := range t.Columns {
			check(t, c.Name, func(k *KindTables) { k.checkColumn(t, c) })
		}
		if t.Singleton == "" {
			check(t, t.NameColumn, func(k *KindTables) { k.checkName(t) })
		}
	}
	return problems, nil
}

// KindTables is what the database has about the tables of kinds, and collects what they lack.
type KindTables struct {
	declared *declare.Set
	columns  map[string]map[string]column // by table and name
	keys     []uniqueKey
	found    []lack
}

// names are the tables of kinds, and the other tables in which their items are stored.
func (k *KindTables) names() any { return bun.List(declare.OwnedTables(k.declared.KindTables)) }

// lack is what a table lacks, and the statement that mends it.
type lack struct{ table, what, mend string }

func (k *KindTables) lacks(table, what, mend string) {
	k.found = append(k.found, lack{table, what, mend})
}

func (k *KindTables) err() error {
	if len(k.found) == 0 {
		return nil
	}
	text := "postgres: tables of kinds aren't as they must be:"
	for _, l := range k.found {
		text += fmt.Sprintf("\n- %s: %s\n  %s", l.table, l.what, l.mend)
	}
	return errors.New(text)
}

func (k *KindTables) check(t *declare.Table) {
	if k.columns[t.SQL] == nil {
		return // a table that is missing is reported with the tables of tenants
	}
	if k.columns[t.SQL][t.TenantColumn].Type != "uuid" {
		// what else it lacks, the adoption adds or names
		k.lacks(t.SQL, "it has no column "+t.TenantColumn+" of type uuid: it is a single-tenant"+
			" table", "describe the database in Options.Adopt")
		return
	}
	k.checkManaged(t)
	for _, c := range t.Columns {
		k.checkColumn(t, c)
	}
	written := t.WrittenColumns()
	for _, c := range k.columns[t.SQL] {
		if c.NotNull && !c.HasDefault && !c.Generated && !slices.Contains(written, c.Name) {
			k.lacks(t.SQL, fmt.Sprintf("column %s is NOT NULL, and no item has a value for it", c.Name),
				k.alter(t.SQL, c.Name, "DROP NOT NULL")+", or declare it in the model")
		}
	}
	for _, name := range written {
		if _, ok := k.columns[t.SQL][name]; !ok && !slices.Contains(t.ColumnNames(), name) &&
			managedTypes[name] == "" && name != t.NameColumn && name != t.TenantColumn {
			k.lacks(t.SQL, "column "+name+" of a reference or a secret doesn't exist",
				"add it in a migration")
		}
	}
	k.checkKeys(t)
	for _, r := range t.References {
		k.checkReference(t, r)
	}
}

// managedTypes are the columns that the library manages in addition to the tenant's, with their
// types.
var managedTypes = map[string]string{
	"id": "uuid", "labels": "jsonb", "spec": "jsonb", "version": "int8",
	"created_at": "timestamptz", "updated_at": "timestamptz",
}

// managedDefaults are the defaults of managed columns that a statement may leave out.
var managedDefaults = map[string]string{
	"labels": "'{}'", "spec": "'{}'", "version": "1",
	"created_at": "now()", "updated_at": "now()",
}

// checkManaged checks the columns that the library writes itself.
func (k *KindTables) checkManaged(t *declare.Table) {
	k.checkID(t)
	k.checkDeletedAt(t)
	k.checkOptional(t)
	for _, name := range []string{"labels", "spec", "version", "created_at", "updated_at"} {
		want, fallback := managedTypes[name], managedDefaults[name]
		c, ok := k.columns[t.SQL][name]
		fits := c.Type == want || name == "version" && c.Type == "int4"
		switch {
		case !ok && name != "created_at" && name != "updated_at": // see checkOptional
		case !ok:
			k.lacks(t.SQL, "it has no column "+name, fmt.Sprintf(
				"ALTER TABLE %s ADD COLUMN %s %s NOT NULL DEFAULT %s;", t.SQL, name, want, fallback))
		case !fits || c.Array:
			k.lacks(t.SQL, fmt.Sprintf("column %s has the type %s, not %s", name, c.Type, want),
				k.alter(t.SQL, name, fmt.Sprintf("TYPE %s USING %s::%[1]s", want, name)))
		case !c.NotNull:
			k.lacks(t.SQL, "column "+name+" can be NULL", k.alter(t.SQL, name, "SET NOT NULL"))
		case name == "created_at" && !c.HasDefault:
			k.lacks(t.SQL, "column created_at has no default",
				k.alter(t.SQL, name, "SET DEFAULT now()"))
		}
	}
	if t.Singleton == "" {
		k.checkName(t)
	}
}

// checkName checks the column of the items' names.
func (k *KindTables) checkName(t *declare.Table) {
	switch c, ok := k.columns[t.SQL][t.NameColumn]; {
	case !ok:
		k.lacks(t.SQL, "it has no column "+t.NameColumn, fmt.Sprintf(
			"ALTER TABLE %s ADD COLUMN %s text NOT NULL;", t.SQL, sqltext.Quote(t.NameColumn)))
	case c.Category != "S":
		k.lacks(t.SQL, fmt.Sprintf("column %s has the type %s, not text", c.Name, c.Type),
			k.alter(t.SQL, c.Name, "TYPE text"))
	case !c.NotNull:
		k.lacks(t.SQL, "column "+c.Name+" can be NULL", k.alter(t.SQL, c.Name, "SET NOT NULL"))
	}
}

func (k *KindTables) alter(table, column, action string) string {
	return fmt.Sprintf("ALTER TABLE %s ALTER COLUMN %s %s;", table, sqltext.Quote(column), action)
}

// checkColumn checks a column of the model.
func (k *KindTables) checkColumn(t *declare.Table, c declare.Column) {
	found, ok := k.columns[t.SQL][c.Name]
	switch {
	case !ok:
		k.lacks(t.SQL, "it has no column "+c.Name, fmt.Sprintf(
			"ALTER TABLE %s ADD COLUMN %s %s;", t.SQL, sqltext.Quote(c.Name), c.RecordType()))
	case found.Generated:
		k.lacks(t.SQL, "column "+c.Name+" is generated, so that no item can set it",
			"take it out of the model, or mark it scanonly")
	case found.Composite || found.Type == "hstore":
		k.lacks(t.SQL, fmt.Sprintf("values of the type %s of column %s can't be read from JSON",
			found.Type, c.Name), k.alter(t.SQL, c.Name, "TYPE jsonb USING to_jsonb("+c.Name+")"))
	case !c.Fits(found.Type, found.Array):
		k.lacks(t.SQL, fmt.Sprintf("column %s has the type %s, and the model declares %s", c.Name,
			found.typeName(), c.SQLType), fmt.Sprintf("declare type:%s in the model, or %s",
			found.typeName(), k.alter(t.SQL, c.Name, fmt.Sprintf("TYPE %s USING %s::%[1]s",
				c.RecordType(), sqltext.Quote(c.Name)))))
	}
}

func (c column) typeName() string {
	if c.Array {
		return c.Type + "[]"
	}
	return c.Type
}

// checkReference checks the join table or the lookup table of a reference.
func (k *KindTables) checkReference(t *declare.Table, r declare.Reference) {
	if r.JoinTable != nil {
		k.requireColumns(r.JoinTable.SQL, r.JoinTable.From, r.JoinTable.To, r.JoinTable.Position)
	}
	if r.LookupTable == nil {
		return
	}
	k.requireColumns(r.LookupTable.SQL, r.LookupTable.ID, r.LookupTable.Name)
	k.requireKey(r.LookupTable.SQL, "two rows can have one name", r.LookupTable.TenantColumn,
		r.LookupTable.Name, "")
}

func (k *KindTables) requireColumns(table string, names ...string) {
	if k.columns[table] == nil {
		return // reported with the tables of tenants
	}
	for _, name := range names {
		if _, ok := k.columns[table][name]; name != "" && !ok {
			k.lacks(table, "it has no column "+name, "add it in a migration")
		}
	}
}
