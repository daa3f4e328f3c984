package declare

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// tenantColumnName matches names without characters that mean something in an SQL identifier, a
// regular expression's end or a statement that bun formats.
var tenantColumnName = regexp.MustCompile(`^[\p{L}_][\p{L}\p{N}_ $-]{0,62}$`)

// TenantSQL returns a tenant's column as statements have it: tenant_id, or another name in quotes.
func TenantSQL(column string) string {
	if column == schema.DefaultTenantColumn {
		return column
	}
	return sqltext.Quote(column)
}

// Tenant is the column with the tenant's id, as statements have it.
func (t *Table) Tenant() string { return TenantSQL(t.TenantColumn) }

// Tenant is as [Table.Tenant].
func (j *Join) Tenant() string { return TenantSQL(j.TenantColumn) }

// Tenant is as [Table.Tenant].
func (l *Lookup) Tenant() string { return TenantSQL(l.TenantColumn) }

// TenantColumns returns the columns with the tenant's id of these owned tables, unquoted and in the
// same order. tables are SQL names.
func (d *Set) TenantColumns(tables []string) []string {
	columns := make([]string, len(tables))
	for i, table := range tables {
		columns[i] = cmp.Or(d.columns[table], schema.DefaultTenantColumn)
	}
	return columns
}

// OtherTenantColumns returns the columns with the tenant's id that aren't tenant_id, unquoted and
// by the SQL name of their table.
func (d *Set) OtherTenantColumns() map[string]string {
	others := maps.Clone(d.columns)
	maps.DeleteFunc(others,
		func(_, column string) bool { return column == schema.DefaultTenantColumn })
	return others
}

// tenantColumns returns the column of each owned table, by its SQL name, and fills in those of join
// and lookup tables. It refuses a table that two declarations give different columns.
func tenantColumns(tables []*Table) (map[string]string, error) {
	columns := map[string]string{}
	for _, t := range tables {
		if err := t.checkTenantColumn(); err != nil {
			return nil, err
		}
		columns[t.SQL] = t.TenantColumn
	}
	declare := func(t *Table, table string, column *string) error {
		*column = cmp.Or(*column, columns[table], t.TenantColumn)
		if other, ok := columns[table]; ok && other != *column {
			return fmt.Errorf("postgres: %s: the tenant's column of table %s is declared as %q and"+
				" as %q: set TenantColumn", t.Name, table, other, *column)
		}
		columns[table] = *column
		return checkTenantColumnName(table, *column)
	}
	for _, t := range tables {
		for _, r := range t.References {
			if r.JoinTable != nil {
				if err := declare(t, r.JoinTable.SQL, &r.JoinTable.TenantColumn); err != nil {
					return nil, err
				}
			}
			if r.LookupTable != nil {
				if err := declare(t, r.LookupTable.SQL, &r.LookupTable.TenantColumn); err != nil {
					return nil, err
				}
			}
		}
	}
	return columns, nil
}

// checkTenantColumn refuses a column that means something else in the table.
func (t *Table) checkTenantColumn() error {
	if err := checkTenantColumnName(t.SQL, t.TenantColumn); err != nil {
		return err
	}
	if t.Kind == "" {
		return nil
	}
	taken := slices.Concat(managedColumns, []string{t.NameColumn}, t.Secrets)
	for _, r := range t.References {
		taken = append(taken, r.StoredColumns()...)
	}
	if slices.Contains(taken, t.TenantColumn) {
		return fmt.Errorf("postgres: %s: TenantColumn is %q, which is another column of the kind",
			t.SQL, t.TenantColumn)
	}
	return nil
}

func checkTenantColumnName(table, column string) error {
	if len(column) > 63 || !tenantColumnName.MatchString(column) {
		return fmt.Errorf("postgres: %s: TenantColumn %q has characters that it can't have, or more"+
			" than 63 bytes", table, column)
	}
	return nil
}
