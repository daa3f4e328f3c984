package declare

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Table is a declared table: the SQL for its items is made from it.
type Table struct {
	SQL    string // its name, schema-qualified and quoted
	Schema string // unquoted
	Name   string // unquoted
	Kind   string // empty: tenants own the rows, but they aren't items

	// TenantColumn has the id of the row's tenant. It is unquoted; see [Table.Tenant].
	TenantColumn string

	path       string
	NameColumn string   // holds an item's name
	Singleton  string   // the name of the kind's only item; empty if it can have many
	Search     []string // the columns that q searches in addition to NameColumn
	Columns    []Column // typed columns that are members of the spec
	References []Reference
	Secrets    []string // columns

	MarkedSecrets []federation.MarkedSecret
	Unaudited     bool // a host's writes leave no entry in the audit log

	// VersionLimit is the greatest version that an import may give an item. [New] sets it for
	// a column of type bigint.
	VersionLimit int64

	// IDType is the type of the column id, as pg_type has its name. [New] sets uuid.
	IDType string

	// NewID is the SQL expression with which the database makes an id. It is empty if the
	// library makes ids. [New] leaves it empty.
	NewID string

	// DeletedAt is the column of bun's tag soft_delete, which is NULL in a row that isn't deleted.
	// It is empty if rows are deleted for good.
	DeletedAt string

	// KeepsNames reports whether no new row can have the name of a deleted one. [New] leaves it
	// false.
	KeepsNames bool

	// NoLabels, NoSpec and NoVersion report that the table has no such column. [New] leaves them
	// false.
	NoLabels, NoSpec, NoVersion bool
}

// UUIDs is the IDType of most tables.
const UUIDs = "uuid"

// Column is a typed column that is a member of the spec.
type Column struct {
	Name    string
	SQLType string
	JSON    federation.Type // of the column's values in a spec
	Form    Form            // of the value; of each element if Array is set
	Array   bool            // an SQL array
	NotNull bool
	Default string // the SQL default; empty if none
	enum    []string
	minimum *int64
	maximum *int64
	sql     sqlType
	goKind  reflect.Kind
	msgpack bool
}

// Reference is a declared reference with the SQL names of its tables.
type Reference struct {
	schema.Reference
	required    bool
	LookupTable *Lookup // nil if the reference isn't to a lookup table
	JoinTable   *Join   // nil if the reference is stored in columns
}

// Lookup is the lookup table of a reference. SQL is its name, qualified and quoted; ID, Name and
// TenantColumn are columns, unquoted.
type Lookup struct{ SQL, ID, Name, TenantColumn string }

// Join is the join table of a reference. SQL is its name, qualified and quoted; the other
// fields are columns, unquoted.
type Join struct{ SQL, From, To, Position, TenantColumn string }

// managedColumns are the columns that the library manages in addition to the tenant's. They aren't
// members of a spec.
var managedColumns = []string{"id", "labels", "spec", "version", "created_at", "updated_at"}

// plainIdentifier matches names without characters that could end an SQL identifier or that
// bun would replace as a placeholder.
var plainIdentifier = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_ $.-]*$`)

// parseTables parses all declarations. Its errors name the table.
func parseTables(
	dialect bunschema.Dialect, declared []schema.Table, defaultSchema string,
) ([]*Table, error) {
	var tables []*Table
	for _, d := range declared {
		t, err := parseTable(dialect, d, defaultSchema)
		if err != nil {
			return nil, err
		}
		if err := checkUnique(tables, t); err != nil {
			return nil, err
		}
		tables = append(tables, t)
	}
	return tables, nil
}

// checkUnique refuses a table that is declared before, or whose kind another table has.
func checkUnique(tables []*Table, t *Table) error {
	for _, other := range tables {
		if other.SQL == t.SQL {
			return fmt.Errorf("postgres: table %s is declared twice: remove one of the"+
				" declarations", t.SQL)
		}
		if t.Kind != "" && other.Kind == t.Kind {
			return fmt.Errorf("postgres: tables %s and %s both declare the kind %q: give one of"+
				" them another kind", other.SQL, t.SQL, t.Kind)
		}
	}
	return nil
}

// parseTable parses one declaration. References and columns are read only for a table with a
// kind. A model whose table has no schema is in the given one.
func parseTable(
	dialect bunschema.Dialect, declared schema.Table, defaultSchema string,
) (*Table, error) {
	t, model, err := readModel(dialect, declared.Model, defaultSchema, "Table.Model")
	if err != nil {
		return nil, err
	}
	t.Kind, t.path, t.NameColumn = declared.Kind, declared.Path, cmp.Or(declared.Name, "name")
	t.Singleton, t.Secrets = declared.Singleton, declared.Secrets
	t.MarkedSecrets, t.Unaudited = declared.MarkedSecrets, declared.Unaudited
	t.VersionLimit, t.IDType = federation.MaxVersion, UUIDs
	t.TenantColumn = cmp.Or(declared.TenantColumn, schema.DefaultTenantColumn)
	if t.Kind == "" {
		return t, nil
	}
	if err := t.readSoftDelete(model); err != nil {
		return nil, err
	}
	if err := t.readReferences(declared, model); err != nil {
		return nil, err
	}
	if err := t.readColumns(model); err != nil {
		return nil, err
	}
	t.Search = t.searchColumns(declared)
	return t, nil
}

// readSoftDelete reads the field with the tag soft_delete. bun marks a row that isn't deleted with
// NULL only for a pointer or with nullzero.
func (t *Table) readSoftDelete(model *bunschema.Table) error {
	f := model.SoftDeleteField
	switch {
	case f == nil:
		return nil
	case !f.IsPtr && !f.NullZero:
		return fmt.Errorf("postgres: %s.%s: add the option nullzero to the tag soft_delete, so that"+
			" a row that isn't deleted has NULL", t.Name, f.Name)
	case t.Singleton != "":
		return fmt.Errorf("postgres: %s.%s: remove the tag soft_delete: the only item of a kind"+
			" can't be deleted", t.Name, f.Name)
	}
	t.DeletedAt = f.Name
	return nil
}

// searchColumns returns the declared search columns, or the column description by default.
func (t *Table) searchColumns(declared schema.Table) []string {
	isDescription := func(c Column) bool { return c.Name == "description" }
	if declared.Search == nil && slices.ContainsFunc(t.Columns, isDescription) {
		return []string{"description"}
	}
	return declared.Search
}

// readReferences reads the declared references. A reference in one column is required when that
// column is notnull.
func (t *Table) readReferences(declared schema.Table, model *bunschema.Table) error {
	for _, d := range declared.References {
		if countStorage(d) != 1 || d.Field == "" {
			return fmt.Errorf("postgres: %s: reference %q needs a Field and exactly one of"+
				" Column, Columns and Join", t.Name, d.Field)
		}
		r := Reference{Reference: d}
		if d.Join != nil {
			r.JoinTable = &Join{
				SQL: t.siblingTable(d.Join.Table), From: d.Join.From, To: d.Join.To,
				Position: d.Join.Position, TenantColumn: d.Join.TenantColumn,
			}
		}
		if d.Lookup != nil {
			r.LookupTable = &Lookup{
				SQL: t.siblingTable(d.Lookup.Table), ID: cmp.Or(d.Lookup.ID, "id"),
				Name: cmp.Or(d.Lookup.Name, "name"), TenantColumn: d.Lookup.TenantColumn,
			}
		}
		if d.Column != "" {
			field, ok := model.FieldMap[d.Column]
			if !ok {
				return fmt.Errorf("postgres: %s: the model has no column %q for reference %q",
					t.Name, d.Column, d.Field)
			}
			r.required = field.NotNull
		}
		t.References = append(t.References, r)
	}
	return nil
}

// countStorage returns how many of Column, Columns and Join the declaration sets.
func countStorage(r schema.Reference) int {
	count := 0
	for _, isSet := range []bool{r.Column != "", len(r.Columns) > 0, r.Join != nil} {
		if isSet {
			count++
		}
	}
	return count
}

// QualifiedName returns the SQL name of a table. Without a schema in its name it is in the given
// one.
func QualifiedName(schema, name string) string { return (&Table{Schema: schema}).siblingTable(name) }

// siblingTable returns the SQL name of a table. Without a schema in its name it is in t's
// schema.
func (t *Table) siblingTable(name string) string {
	if s, n, ok := strings.Cut(name, "."); ok {
		return sqltext.Qualified(s, n)
	}
	return sqltext.Qualified(t.Schema, name)
}

// readColumns reads the columns of the model that are members of the spec: all except the
// managed columns, the name, references and secrets.
func (t *Table) readColumns(model *bunschema.Table) error {
	excluded := append([]string{t.NameColumn, t.TenantColumn}, managedColumns...)
	for _, r := range t.References {
		excluded = append(excluded, r.StoredColumns()...)
	}
	for _, s := range t.Secrets {
		if model.FieldMap[s] == nil {
			return fmt.Errorf("postgres: %s: the model has no column %q for a secret", t.Name, s)
		}
	}
	excluded = append(append(excluded, t.Secrets...), t.DeletedAt)
	for _, f := range model.Fields {
		if slices.Contains(excluded, f.Name) {
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

// Enum returns a copy of the values that the column may have, nil if it isn't limited.
func (c Column) Enum() []string { return slices.Clone(c.enum) }

// columnOf reads a field of the model: its SQL type, default and limits. An explicit type tag
// wins over the type that bun derives.
func columnOf(f *bunschema.Field) (Column, error) {
	c := Column{Name: f.Name, SQLType: cmp.Or(f.UserSQLType, f.CreateTableSQLType),
		NotNull: f.NotNull, Default: f.SQLDefault, goKind: f.IndirectType.Kind(),
		msgpack: f.Tag.HasOption("msgpack")}
	if _, explicit := f.Tag.Option("type"); !explicit && f.IndirectType == reflect.TypeFor[net.IP]() {
		c.SQLType = "inet" // bun derives bytea and writes the text of the address
	}
	if err := c.setForm(f.IndirectType); err != nil {
		return c, err
	}
	if enum := f.StructField.Tag.Get("enum"); enum != "" {
		c.enum = strings.Split(enum, ",")
	}
	var err error
	if c.minimum, err = integerTag(f, "minimum"); err != nil {
		return c, err
	}
	c.maximum, err = integerTag(f, "maximum")
	return c, err
}

// integerTag reads a struct tag whose value is an integer. It is nil without the tag.
func integerTag(f *bunschema.Field, tag string) (*int64, error) {
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

// Kinds returns the kinds that the reference may refer to, sorted. It is empty for a lookup.
func (r Reference) Kinds() []string {
	if r.LookupTable != nil {
		return nil
	}
	if r.Kind != "" {
		return []string{r.Kind}
	}
	return slices.Sorted(maps.Keys(r.Columns))
}

// StoredColumns returns the columns that the reference is stored in, sorted: none for a join
// table.
func (r Reference) StoredColumns() []string {
	if r.Column != "" {
		return []string{r.Column}
	}
	return slices.Sorted(maps.Values(r.Columns))
}

// OwnedTables returns the SQL names of all tables that tenants own, sorted: the declared
// tables, and the join and lookup tables of their references.
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
