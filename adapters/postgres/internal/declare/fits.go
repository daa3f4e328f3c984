package declare

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Fits reports whether values of the column's declared type can be stored in a column of the
// type with this name in pg_type, and have the same JSON there.
func (c Column) Fits(typeName string, array bool) bool {
	found := parseSQLType(typeName)
	if array != c.sql.array {
		return false
	}
	declared, known := jsonForms[c.sql.name]
	have, builtin := jsonForms[found.name]
	switch {
	case !known: // an enum, a domain or a type of an extension, perhaps with its schema
		_, bare, qualified := strings.Cut(c.sql.name, ".")
		if !qualified {
			bare = c.sql.name
		}
		return builtin || strings.Trim(bare, `"`) == strings.ToLower(typeName)
	case !builtin:
		return false
	case isNumber(declared) && isNumber(have):
		return c.Form != Text || have.form == Plain
	case declared.json != have.json || declared.form != have.form:
		return false
	case declared.json != federation.String || declared.form != Plain:
		return true
	}
	return c.sql.name == found.name || sqlType{name: found.name}.isText()
}

func isNumber(f jsonForm) bool {
	return (f.json == federation.Integer || f.json == federation.Number) && f.form != Money
}

// ColumnNames returns the names of the columns that are members of the spec.
func (t *Table) ColumnNames() []string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return names
}

// WrittenColumns returns the columns that a statement which creates an item writes.
func (t *Table) WrittenColumns() []string {
	names := slices.Concat(managedColumns, t.ColumnNames(), t.Secrets, []string{t.TenantColumn})
	if t.Singleton == "" {
		names = append(names, t.NameColumn)
	}
	for _, r := range t.References {
		names = append(names, r.StoredColumns()...)
	}
	return names
}

// VersionLimit returns the greatest version that an import may give an item, for the type of
// the column in pg_type. It leaves room for all the writes that may ever follow.
func VersionLimit(typeName string) int64 {
	if typeName == "int4" {
		return 1 << 30
	}
	return federation.MaxVersion
}
