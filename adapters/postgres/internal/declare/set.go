package declare

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Set holds all declared tables.
type Set struct {
	Schema     string            // of the tables whose name has none, and of the host's migrations
	Tables     []*Table          // in the order of their declaration
	KindTables []*Table          // those with a kind, each after the ones that it refers to
	ByKind     map[string]*Table // the elements of KindTables
	Kinds      *federation.Kinds
	columns    map[string]string // the tenant's column of each owned table, by SQL name
	Shared     []string          // the SQL names of the tables without a tenant, which tenants only read

	// WithoutTenants are the SQL names of tables that have a tenant's id and that the host
	// declares not to be tables of tenants.
	WithoutTenants []string
}

// New parses the declarations of the tenants' tables and the models of shared tables. Tables whose
// name has no schema are in defaultSchema. It returns an error that names the table when a
// declaration contradicts itself or another one, or names a column that the model doesn't have.
func New(tables []schema.Table, sharedModels []any, defaultSchema string) (*Set, error) {
	dialect := pgdialect.New()
	shared, err := parseShared(dialect, sharedModels, defaultSchema)
	if err != nil {
		return nil, err
	}
	all, err := parseTables(dialect, tables, defaultSchema)
	if err != nil {
		return nil, err
	}
	columns, err := tenantColumns(all)
	if err != nil {
		return nil, err
	}
	order, err := dependencyOrder(all)
	if err != nil {
		return nil, err
	}
	d := &Set{Schema: defaultSchema, Tables: all, KindTables: order, ByKind: map[string]*Table{},
		Shared: shared, columns: columns}
	if err := d.checkShared(); err != nil {
		return nil, err
	}
	for _, t := range order {
		d.ByKind[t.Kind] = t
	}
	return d, d.SetKinds()
}

// SetKinds sets Kinds, after the tables have changed.
func (d *Set) SetKinds() (err error) {
	var kinds []federation.Kind
	for _, t := range d.KindTables {
		kinds = append(kinds, t.federationKind())
	}
	d.Kinds, err = federation.NewKinds(kinds...)
	return err
}

// federationKind describes the items of the table for the federation model.
func (t *Table) federationKind() federation.Kind {
	kind := federation.Kind{Name: t.Kind, Path: t.path, Singleton: t.Singleton,
		MarkedSecrets: t.MarkedSecrets, NoLabels: t.NoLabels, Closed: t.NoSpec}
	for _, c := range t.Columns {
		kind.Fields = append(kind.Fields, c.federationField())
	}
	for _, s := range t.Secrets {
		kind.Fields = append(kind.Fields,
			federation.Field{Name: s, Type: federation.String, Secret: true})
	}
	for _, r := range t.References {
		if r.LookupTable != nil {
			kind.Fields = append(kind.Fields,
				federation.Field{Name: r.Field, Type: federation.String, Required: r.required})
			continue
		}
		kind.References = append(kind.References, federation.Reference{
			Field: r.Field, Kinds: r.Kinds(), Many: r.JoinTable != nil, Required: r.required,
			Cyclic:    r.Cyclic,
			Unordered: r.JoinTable != nil && r.JoinTable.Position == "",
		})
	}
	return kind
}

// federationField describes the column as a member of a spec. A column with NOT NULL and a
// default isn't required. Its default is the member's default if it is a constant in JSON;
// otherwise the database fills it in.
func (c Column) federationField() federation.Field {
	field := federation.Field{
		Name: c.Name, Type: c.JSON, Enum: c.enum, Required: c.NotNull && c.Default == "",
		Format: c.format(),
	}
	if low, high, ok := c.integerRange(); ok {
		field.Minimum, field.Maximum = &low, &high
		if c.minimum != nil {
			field.Minimum = c.minimum
		}
		if c.maximum != nil {
			field.Maximum = c.maximum
		}
	}
	if c.NotNull && c.Default != "" {
		field.Default = c.jsonDefault()
	}
	return field
}

// format returns the format of the column's values. It is empty for most.
func (c Column) format() federation.Format {
	switch {
	case c.Array:
		return ""
	case c.Form == Instant, c.Form == WallTime:
		return federation.DateTime
	case c.Form == Base64:
		return federation.Bytes
	case c.JSON == federation.Number && c.Form == Pinned:
		return federation.Float
	case c.JSON == federation.String && c.sql.name == "uuid":
		return federation.UUID
	}
	return ""
}

// integerRange returns the range that both types of an integer column hold, limited to the
// integers that a double represents exactly (RFC 7493, section 2.2). It isn't ok for other
// columns.
func (c Column) integerRange() (low, high int64, ok bool) {
	if c.JSON != federation.Integer {
		return 0, 0, false
	}
	low, high = -(1<<53 - 1), 1<<53-1
	limit := func(l, h int64) { low, high = max(low, l), min(high, h) }
	switch c.sql.name {
	case "smallint":
		limit(math.MinInt16, math.MaxInt16)
	case "integer":
		limit(math.MinInt32, math.MaxInt32)
	}
	switch c.goKind {
	case reflect.Int8:
		limit(math.MinInt8, math.MaxInt8)
	case reflect.Int16:
		limit(math.MinInt16, math.MaxInt16)
	case reflect.Int32:
		limit(math.MinInt32, math.MaxInt32)
	case reflect.Uint8:
		limit(0, math.MaxUint8)
	case reflect.Uint16:
		limit(0, math.MaxUint16)
	case reflect.Uint32:
		limit(0, math.MaxUint32)
	case reflect.Uint, reflect.Uint64:
		limit(0, math.MaxInt64)
	}
	return low, high, true
}

// SortedKinds returns the tables that have a kind, sorted by kind: the order of exports.
func (d *Set) SortedKinds() []*Table {
	return slices.SortedFunc(slices.Values(d.KindTables),
		func(a, b *Table) int { return strings.Compare(a.Kind, b.Kind) })
}

// KindTablesBySQL returns the tables that have a kind, by their name in SQL ([Table].SQL).
func (d *Set) KindTablesBySQL() map[string]*Table {
	tables := map[string]*Table{}
	for _, t := range d.KindTables {
		tables[t.SQL] = t
	}
	return tables
}

// Modes returns the mode of each owned table, by its name without the schema. Of several
// tables with the same name, Enforce wins. tables are the declarations that d was made from.
func (d *Set) Modes(tables []schema.Table) map[string]schema.Mode {
	modes := map[string]schema.Mode{}
	for i, t := range d.Tables {
		for _, owned := range OwnedTables([]*Table{t}) {
			_, name := sqltext.SplitQualified(owned)
			if mode, ok := modes[name]; !ok || mode == schema.Observe {
				modes[name] = tables[i].Mode
			}
		}
	}
	return modes
}
