package postgres

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"
)

// table is a Table worked out: what the SQL of its items is made from.
type table struct {
	sql        string // schema-qualified and quoted
	schema     string // unquoted
	name       string // unquoted
	kind       string // empty: owned only
	path       string
	nameColumn string
	singleton  string
	search     []string
	columns    []column // typed columns that are members of the spec
	references []reference
	secrets    []string
}

// column is a typed column that is a member of the spec.
type column struct {
	name     string
	sqlType  string
	goType   reflect.Type
	notNull  bool
	fallback string // the SQL default, empty if none
	enum     []string
	minimum  *int64
	maximum  *int64
}

// reference is a Reference whose tables are known.
type reference struct {
	Reference
	required bool
	lookup   *lookup
	join     *join
}

type lookup struct{ sql, id, name string }

type join struct{ sql, from, to, position string }

// managed columns are the library's; no member of a spec.
var managed = []string{"id", "tenant_id", "labels", "spec", "version", "created_at", "updated_at"}

// plainIdentifier keeps what could end an identifier, or be taken for a
// placeholder, out of the SQL that is made from declarations.
var plainIdentifier = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_ $.-]*$`)

// declare works the declarations out. Contradictions are named with the table
// that holds them.
func declare(tables []Table) ([]*table, error) {
	dialect := pgdialect.New()
	var declared []*table
	for _, t := range tables {
		worked, err := declareOne(dialect, t)
		if err != nil {
			return nil, err
		}
		declared = append(declared, worked)
	}
	return declared, nil
}

func declareOne(dialect schema.Dialect, t Table) (*table, error) {
	model := reflect.TypeOf(t.Model)
	if model == nil || model.Kind() != reflect.Pointer || model.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("postgres: Table.Model must be a pointer to a struct, not %v", model)
	}
	parsed := dialect.Tables().Get(model.Elem())
	worked := &table{
		schema: parsed.Schema, name: parsed.Name, kind: t.Kind, path: t.Path,
		nameColumn: cmp.Or(t.Name, "name"), singleton: t.Singleton, secrets: t.Secrets,
	}
	if worked.schema == "" {
		worked.schema = "public"
	}
	worked.name = strings.TrimPrefix(worked.name, worked.schema+".")
	worked.sql = Quote(worked.schema) + "." + Quote(worked.name)
	if !plainIdentifier.MatchString(worked.name) || !plainIdentifier.MatchString(worked.schema) {
		return nil, fmt.Errorf("postgres: table name %q has characters that a declared table"+
			" can't have", parsed.Name)
	}
	if t.Kind == "" {
		return worked, nil
	}
	if err := worked.readReferences(t, parsed); err != nil {
		return nil, err
	}
	if err := worked.readColumns(parsed); err != nil {
		return nil, err
	}
	worked.search = searchColumns(t, worked)
	return worked, nil
}

func searchColumns(t Table, worked *table) []string {
	if t.Search != nil || !slices.ContainsFunc(worked.columns,
		func(c column) bool { return c.name == "description" }) {
		return t.Search
	}
	return []string{"description"}
}

func (t *table) readReferences(declared Table, parsed *schema.Table) error {
	for _, r := range declared.References {
		worked := reference{Reference: r}
		ways := 0
		if r.Column != "" {
			ways++
		}
		if len(r.Columns) > 0 {
			ways++
		}
		if r.Join != nil {
			ways++
			worked.join = &join{sql: t.siblingTable(r.Join.Table), from: r.Join.From, to: r.Join.To,
				position: r.Join.Position}
		}
		if ways != 1 || r.Field == "" {
			return fmt.Errorf("postgres: %s: reference %q needs a Field and exactly one of"+
				" Column, Columns and Join", t.name, r.Field)
		}
		if r.Lookup != nil {
			worked.lookup = &lookup{sql: t.siblingTable(r.Lookup.Table), id: cmp.Or(r.Lookup.ID, "id"),
				name: cmp.Or(r.Lookup.Name, "name")}
		}
		if r.Column != "" {
			field, ok := parsed.FieldMap[r.Column]
			if !ok {
				return fmt.Errorf("postgres: %s: the model has no column %q for reference %q",
					t.name, r.Column, r.Field)
			}
			worked.required = field.NotNull
		}
		t.references = append(t.references, worked)
	}
	return nil
}

// siblingTable qualifies a table with t's schema unless it names its own.
func (t *table) siblingTable(name string) string {
	if s, n, ok := strings.Cut(name, "."); ok {
		return Quote(s) + "." + Quote(n)
	}
	return Quote(t.schema) + "." + Quote(name)
}

func (t *table) readColumns(parsed *schema.Table) error {
	taken := append([]string{t.nameColumn}, managed...)
	for _, r := range t.references {
		taken = append(taken, r.Column)
		for _, c := range r.Columns {
			taken = append(taken, c)
		}
	}
	for _, s := range t.secrets {
		if parsed.FieldMap[s] == nil {
			return fmt.Errorf("postgres: %s: the model has no column %q for a secret", t.name, s)
		}
	}
	taken = append(taken, t.secrets...)
	for _, f := range parsed.Fields {
		if slices.Contains(taken, f.Name) {
			continue
		}
		if !plainIdentifier.MatchString(f.Name) {
			return fmt.Errorf("postgres: %s: column name %q has characters that a declared column"+
				" can't have", t.name, f.Name)
		}
		c, err := columnOf(f)
		if err != nil {
			return fmt.Errorf("postgres: %s.%s: %w", t.name, f.Name, err)
		}
		t.columns = append(t.columns, c)
	}
	return nil
}

func columnOf(f *schema.Field) (column, error) {
	c := column{name: f.Name, sqlType: f.CreateTableSQLType, goType: f.IndirectType,
		notNull: f.NotNull, fallback: f.SQLDefault}
	if f.UserSQLType != "" {
		c.sqlType = f.UserSQLType
	}
	if enum := f.StructField.Tag.Get("enum"); enum != "" {
		c.enum = strings.Split(enum, ",")
	}
	var err error
	if c.minimum, err = bound64(f, "minimum"); err != nil {
		return c, err
	}
	c.maximum, err = bound64(f, "maximum")
	return c, err
}

// bound64 reads a tag that limits an integer.
func bound64(f *schema.Field, tag string) (*int64, error) {
	text, ok := f.StructField.Tag.Lookup(tag)
	if !ok {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("the tag %s isn't an integer", tag)
	}
	return &n, nil
}

// dependencyOrder answers the tables that have a kind, each behind those it
// refers to. It refuses kinds that refer to each other in a circle: rows could
// not be written kind by kind. A kind may refer to itself.
func dependencyOrder(declared []*table) ([]*table, error) {
	byKind := map[string]*table{}
	for _, t := range declared {
		if t.kind != "" {
			byKind[t.kind] = t
		}
	}
	const (
		unseen = iota
		open
		done
	)
	state := map[string]int{}
	var order []*table
	var visit func(t *table) error
	visit = func(t *table) error {
		switch state[t.kind] {
		case done:
			return nil
		case open:
			return fmt.Errorf("postgres: kind %q refers to itself by way of other kinds: break"+
				" the circle", t.kind)
		}
		state[t.kind] = open
		for _, kind := range t.refersTo() {
			target, ok := byKind[kind]
			if !ok {
				return fmt.Errorf("postgres: %s refers to kind %q, which no table declares", t.name,
					kind)
			}
			if target == t {
				continue
			}
			if err := visit(target); err != nil {
				return err
			}
		}
		state[t.kind] = done
		order = append(order, t)
		return nil
	}
	for _, t := range declared {
		if t.kind == "" {
			continue
		}
		if err := visit(t); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func (t *table) refersTo() []string {
	var kinds []string
	for _, r := range t.references {
		kinds = append(kinds, r.kinds()...)
	}
	return kinds
}

// kinds are those that a reference may name, sorted; none for a lookup.
func (r reference) kinds() []string {
	if r.lookup != nil {
		return nil
	}
	if r.Kind != "" {
		return []string{r.Kind}
	}
	var kinds []string
	for kind := range r.Columns {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	return kinds
}

// owned answers every table that belongs to tenants: those declared, and the
// join and lookup tables that they name.
func owned(declared []*table) []string {
	var names []string
	for _, t := range declared {
		names = append(names, t.sql)
		for _, r := range t.references {
			if r.join != nil {
				names = append(names, r.join.sql)
			}
			if r.lookup != nil {
				names = append(names, r.lookup.sql)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
