package migrate

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
)

// managedColumns are the columns that the library manages in the table of a kind.
var managedColumns = []adopt.RequiredColumn{
	{Name: "id", Types: []string{"uuid", "bigint", "integer", "smallint", "text",
		"character varying"}, NotNull: true},
	{Name: "labels", Types: []string{"jsonb"}, NotNull: true},
	{Name: "spec", Types: []string{"jsonb"}, NotNull: true},
	{Name: "version", Types: []string{"integer", "bigint"}, NotNull: true},
	{Name: "created_at", Types: []string{"timestamp with time zone"}, NotNull: true, Unset: true},
	{Name: "updated_at", Types: []string{"timestamp with time zone"}, NotNull: true},
}

// addColumns adds to t what the library's statements need of the table with this SQL name.
func addColumns(t *adopt.Table, d *declare.Set, sql string) {
	if kind, ok := d.KindTablesBySQL()[sql]; ok {
		addKindColumns(t, kind)
	}
	for _, from := range d.KindTables {
		for _, r := range from.References {
			if r.JoinTable != nil && r.JoinTable.SQL == sql {
				t.Columns = append(t.Columns, existing(r.JoinTable.From, r.JoinTable.To,
					r.JoinTable.Position)...)
			}
			if r.LookupTable != nil && r.LookupTable.SQL == sql {
				t.Columns = append(t.Columns, existing(r.LookupTable.ID, r.LookupTable.Name)...)
				t.Unique = []string{r.LookupTable.Name}
			}
		}
	}
}

// addKindColumns adds the columns of the kind's items: managed, typed, of references and secrets.
func addKindColumns(t *adopt.Table, kind *declare.Table) {
	t.Written, t.Unique = true, []string{"id"}
	t.Columns = slices.Clone(managedColumns)
	if kind.Singleton == "" {
		t.Columns = append(t.Columns, adopt.RequiredColumn{Name: kind.NameColumn, NotNull: true})
		t.Unique = append(t.Unique, kind.NameColumn)
	}
	for _, c := range kind.Columns {
		t.Columns = append(t.Columns, adopt.RequiredColumn{Name: c.Name})
	}
	for _, r := range kind.References {
		if r.Column != "" {
			t.Columns = append(t.Columns, existing(r.Column)...)
		}
		for _, target := range r.Kinds() {
			if column := r.Columns[target]; column != "" {
				t.Columns = append(t.Columns, existing(column)...)
			}
		}
	}
	t.Columns = append(t.Columns, existing(kind.Secrets...)...)
	if kind.DeletedAt != "" {
		t.Columns = append(t.Columns, existing(kind.DeletedAt)...)
	}
}

// existing returns columns that only have to exist.
func existing(names ...string) []adopt.RequiredColumn {
	columns := make([]adopt.RequiredColumn, len(names))
	for i, name := range names {
		columns[i].Name = name
	}
	return columns
}
