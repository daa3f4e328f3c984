package declare

import (
	"cmp"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/uptrace/bun/dialect/pgdialect"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// Table is a Table worked out: what the SQL of its items is made from.
type Table struct {
	SQL        string // schema-qualified and quoted
	Schema     string // unquoted
	Name       string // unquoted
	Kind       string // empty: owned only
	path       string
	NameColumn string
	Singleton  string
	Search     []string
	Columns    []Column // typed columns that are members of the spec
	References []Reference
	Secrets    []string
}

// Column is a typed column that is a member of the spec.
type Column struct {
	Name    string
	SQLType string
	goType  reflect.Type
	NotNull bool
	Default string // the SQL default, empty if none
	enum    []string
	minimum *int64
	maximum *int64
}

// Reference is a Reference whose tables are known.
type Reference struct {
	schema.Reference
	required    bool
	LookupTable *Lookup
	JoinTable   *Join
}

type Lookup struct{ SQL, ID, Name string }

type Join struct{ SQL, From, To, Position string }

// managed columns are the library's; no member of a spec.
var managed = []string{"id", "tenant_id", "labels", "spec", "version", "created_at", "updated_at"}

// plainIdentifier keeps what could end an identifier, or be taken for a
// placeholder, out of the SQL that is made from declarations.
var plainIdentifier = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_ $.-]*$`)

// declare works the declarations out. Contradictions are named with the table
// that holds them.
func declare(tables []schema.Table) ([]*Table, error) {
	dialect := pgdialect.New()
	var declared []*Table
	for _, t := range tables {
		worked, err := declareOne(dialect, t)
		if err != nil {
			return nil, err
		}
		declared = append(declared, worked)
	}
	return declared, nil
}

func declareOne(dialect bunschema.Dialect, t schema.Table) (*Table, error) {
	model := reflect.TypeOf(t.Model)
	if model == nil || model.Kind() != reflect.Pointer || model.Elem().Kind() != reflect.Struct {
		return nil, fmt.Errorf("postgres: Table.Model must be a pointer to a struct, not %v", model)
	}
	parsed := dialect.Tables().Get(model.Elem())
	worked := &Table{
		Schema: parsed.Schema, Name: parsed.Name, Kind: t.Kind, path: t.Path,
		NameColumn: cmp.Or(t.Name, "name"), Singleton: t.Singleton, Secrets: t.Secrets,
	}
	if worked.Schema == "" {
		worked.Schema = "public"
	}
	worked.Name = strings.TrimPrefix(worked.Name, worked.Schema+".")
	worked.SQL = sqltext.Quote(worked.Schema) + "." + sqltext.Quote(worked.Name)
	if !plainIdentifier.MatchString(worked.Name) || !plainIdentifier.MatchString(worked.Schema) {
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
	worked.Search = searchColumns(t, worked)
	return worked, nil
}

func searchColumns(t schema.Table, worked *Table) []string {
	if t.Search != nil || !slices.ContainsFunc(worked.Columns,
		func(c Column) bool { return c.Name == "description" }) {
		return t.Search
	}
	return []string{"description"}
}

func (t *Table) readReferences(declared schema.Table, parsed *bunschema.Table) error {
	for _, r := range declared.References {
		worked := Reference{Reference: r}
		ways := 0
		if r.Column != "" {
			ways++
		}
		if len(r.Columns) > 0 {
			ways++
		}
		if r.Join != nil {
			ways++
			worked.JoinTable = &Join{SQL: t.siblingTable(r.Join.Table), From: r.Join.From,
				To:       r.Join.To,
				Position: r.Join.Position}
		}
		if ways != 1 || r.Field == "" {
			return fmt.Errorf("postgres: %s: reference %q needs a Field and exactly one of"+
				" Column, Columns and Join", t.Name, r.Field)
		}
		if r.Lookup != nil {
			worked.LookupTable = &Lookup{SQL: t.siblingTable(r.Lookup.Table),
				ID:   cmp.Or(r.Lookup.ID, "id"),
				Name: cmp.Or(r.Lookup.Name, "name")}
		}
		if r.Column != "" {
			field, ok := parsed.FieldMap[r.Column]
			if !ok {
				return fmt.Errorf("postgres: %s: the model has no column %q for reference %q",
					t.Name, r.Column, r.Field)
			}
			worked.required = field.NotNull
		}
		t.References = append(t.References, worked)
	}
	return nil
}

// siblingTable qualifies a table with t's schema unless it names its own.
func (t *Table) siblingTable(name string) string {
	if s, n, ok := strings.Cut(name, "."); ok {
		return sqltext.Quote(s) + "." + sqltext.Quote(n)
	}
	return sqltext.Quote(t.Schema) + "." + sqltext.Quote(name)
}

func (t *Table) readColumns(parsed *bunschema.Table) error {
	taken := append([]string{t.NameColumn}, managed...)
	for _, r := range t.References {
		taken = append(taken, r.Column)
		for _, c := range r.Columns {
			taken = append(taken, c)
		}
	}
	for _, s := range t.Secrets {
		if parsed.FieldMap[s] == nil {
			return fmt.Errorf("postgres: %s: the model has no column %q for a secret", t.Name, s)
		}
	}
	taken = append(taken, t.Secrets...)
	for _, f := range parsed.Fields {
		if slices.Contains(taken, f.Name) {
			continue
		}
		if !plainIdentifier.MatchString(f.Name) {
			return fmt.Errorf("postgres: %s: column name %q has characters that a declared column"+
				" can't have", t.Name, f.Name)
		}
		c, err := columnOf(f)
		if err != nil {
			return fmt.Errorf("postgres: %s.%s: %w", t.Name, f.Name, err)
		}
		t.Columns = append(t.Columns, c)
	}
	return nil
}

func columnOf(f *bunschema.Field) (Column, error) {
	c := Column{Name: f.Name, SQLType: f.CreateTableSQLType, goType: f.IndirectType,
		NotNull: f.NotNull, Default: f.SQLDefault}
	if f.UserSQLType != "" {
		c.SQLType = f.UserSQLType
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
func bound64(f *bunschema.Field, tag string) (*int64, error) {
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
func dependencyOrder(declared []*Table) ([]*Table, error) {
	byKind := map[string]*Table{}
	for _, t := range declared {
		if t.Kind != "" {
			byKind[t.Kind] = t
		}
	}
	const (
		unseen = iota
		open
		done
	)
	state := map[string]int{}
	var order []*Table
	var visit func(t *Table) error
	visit = func(t *Table) error {
		switch state[t.Kind] {
		case done:
			return nil
		case open:
			return fmt.Errorf("postgres: kind %q refers to itself by way of other kinds: break"+
				" the circle", t.Kind)
		}
		state[t.Kind] = open
		for _, kind := range t.refersTo() {
			target, ok := byKind[kind]
			if !ok {
				return fmt.Errorf("postgres: %s refers to kind %q, which no table declares", t.Name,
					kind)
			}
			if target == t {
				continue
			}
			if err := visit(target); err != nil {
				return err
			}
		}
		state[t.Kind] = done
		order = append(order, t)
		return nil
	}
	for _, t := range declared {
		if t.Kind == "" {
			continue
		}
		if err := visit(t); err != nil {
			return nil, err
		}
	}
	return order, nil
}

func (t *Table) refersTo() []string {
	var kinds []string
	for _, r := range t.References {
		kinds = append(kinds, r.Kinds()...)
	}
	return kinds
}

// Kinds are those that a reference may name, sorted; none for a lookup.
func (r Reference) Kinds() []string {
	if r.LookupTable != nil {
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

// OwnedTables answers every table that belongs to tenants: those declared, and the
// join and lookup tables that they name.
func OwnedTables(declared []*Table) []string {
	var names []string
	for _, t := range declared {
		names = append(names, t.SQL)
		for _, r := range t.References {
			if r.JoinTable != nil {
				names = append(names, r.JoinTable.SQL)
			}
			if r.LookupTable != nil {
				names = append(names, r.LookupTable.SQL)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
