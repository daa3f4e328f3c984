package declare

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Set holds all declared tables.
type Set struct {
	Tables     []*Table          // in the order of their declaration
	KindTables []*Table          // those with a kind, each after the ones that it refers to
	ByKind     map[string]*Table // the elements of KindTables
	Kinds      *federation.Kinds

	// WithoutTenants are the SQL names of tables that have a tenant's id and that the host
	// declares not to be tables of tenants.
	WithoutTenants []string
}

// New parses the declarations. It returns an error that names the table when a declaration
// contradicts itself or another one, or names a column that the model doesn't have.
func New(tables []schema.Table) (*Set, error) {
	all, err := parseTables(tables)
	if err != nil {
		return nil, err
	}
	order, err := dependencyOrder(all)
	if err != nil {
		return nil, err
	}
	d := &Set{Tables: all, KindTables: order, ByKind: map[string]*Table{}}
	var kinds []federation.Kind
	for _, t := range order {
		d.ByKind[t.Kind] = t
		kind, err := t.federationKind()
		if err != nil {
			return nil, err
		}
		kinds = append(kinds, kind)
	}
	d.Kinds, err = federation.NewKinds(kinds...)
	return d, err
}

// federationKind describes the items of the table for the federation model.
func (t *Table) federationKind() (federation.Kind, error) {
	kind := federation.Kind{Name: t.Kind, Path: t.path, Singleton: t.Singleton}
	for _, c := range t.Columns {
		field, err := c.federationField()
		if err != nil {
			return kind, fmt.Errorf("postgres: %s.%s: %w", t.Name, c.Name, err)
		}
		kind.Fields = append(kind.Fields, field)
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
		})
	}
	return kind, nil
}

// federationField describes the column as a member of a spec. A column with NOT NULL and a
// default isn't required, and its default is the member's default.
func (c Column) federationField() (federation.Field, error) {
	field := federation.Field{
		Name: c.Name, Type: c.JSONType(), Enum: c.enum, Required: c.NotNull && c.Default == "",
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
		value, err := jsonDefault(c.Default)
		if err != nil {
			return field, err
		}
		field.Default = value
	}
	return field, nil
}

// JSONType returns the JSON type of the column's values in a spec.
func (c Column) JSONType() federation.Type {
	switch c.goType {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[uuid.UUID]():
		return federation.String
	case reflect.TypeFor[json.RawMessage]():
		return federation.Any
	}
	switch kind := c.goType.Kind(); {
	case kind == reflect.String:
		return federation.String
	case kind == reflect.Bool:
		return federation.Boolean
	case kind >= reflect.Int && kind <= reflect.Uint64:
		return federation.Integer
	case kind == reflect.Float32, kind == reflect.Float64:
		return federation.Number
	case kind == reflect.Slice, kind == reflect.Array:
		return federation.Array
	case kind == reflect.Map, kind == reflect.Struct:
		return federation.Object
	}
	return federation.Any
}

// integerRange returns the range of an integer column's type, limited to the integers that a
// double represents exactly (RFC 7493, section 2.2). It isn't ok for other columns.
func (c Column) integerRange() (low, high int64, ok bool) {
	if c.JSONType() != federation.Integer {
		return 0, 0, false
	}
	switch strings.ToLower(c.SQLType) {
	case "smallint", "int2":
		return math.MinInt16, math.MaxInt16, true
	case "integer", "int", "int4":
		return math.MinInt32, math.MaxInt32, true
	}
	return -(1<<53 - 1), 1<<53 - 1, true
}

// jsonDefault returns the JSON value of an SQL default, which must be a constant: 'text', a
// number, true or false. A type cast after it is ignored.
func jsonDefault(sqlDefault string) (json.RawMessage, error) {
	text, _, _ := strings.Cut(sqlDefault, "::")
	if len(text) >= 2 && text[0] == '\'' && text[len(text)-1] == '\'' {
		inner := strings.ReplaceAll(text[1:len(text)-1], "''", "'")
		return json.Marshal(inner)
	}
	if text == "true" || text == "false" {
		return json.RawMessage(text), nil
	}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return json.RawMessage(text), nil
	}
	return nil, fmt.Errorf("the default %q isn't a constant ('text', a number, true or false)",
		sqlDefault)
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
			_, name, _ := strings.Cut(owned, `"."`)
			name = strings.Trim(name, `"`)
			if mode, ok := modes[name]; !ok || mode == schema.Observe {
				modes[name] = tables[i].Mode
			}
		}
	}
	return modes
}
