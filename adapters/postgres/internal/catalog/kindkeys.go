package catalog

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// uniqueKey is a unique key; its columns are sorted and separated by commas. Living is the column that
// is NULL in the rows for which the key holds; empty: it holds for every row.
type uniqueKey struct{ Table, Columns, Living string }

// uniqueQuery reads the columns of unique keys. living is the column that is NULL in the rows for
// which a key holds, empty for a key that holds for every row.
const uniqueQuery = `
SELECT n AS "table", (SELECT string_agg(a.attname, ',' ORDER BY a.attname)
  FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indrelid
   AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) AS columns,
  coalesce(l.attname::text, '') AS living
FROM unnest(ARRAY[?]::text[]) n JOIN pg_catalog.pg_index i ON i.indrelid = to_regclass(n)
LEFT JOIN pg_catalog.pg_attribute l ON l.attrelid = i.indrelid AND l.attnum > 0 AND NOT l.attisdropped
  AND pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NULL)', l.attname)
WHERE i.indisunique AND i.indisvalid AND i.indexprs IS NULL AND (i.indpred IS NULL OR l.attnum IS NOT NULL)`

// checkKeys checks that two items can't have one name, and that other rows can refer to one.
func (k *KindTables) checkKeys(t *declare.Table) {
	switch {
	case t.Singleton == "":
		k.requireKey(t.SQL, "two items can have one name", t.TenantColumn, t.NameColumn, t.DeletedAt)
	case k.hasOnlyRow(t.SQL):
		return // as before the contraction of an adoption: no two rows, whatever their ids
	case !k.isUnique(t.SQL, t.TenantColumn, t.TenantColumn, ""):
		k.lacks(t.SQL, "a tenant can have two items",
			"ALTER TABLE "+t.SQL+" ADD UNIQUE ("+t.Tenant()+");")
	}
	k.requireKey(t.SQL, "two rows can have one id", t.TenantColumn, "id", "")
}

// requireKey requires a unique key of a column, with or without the tenant's. It may hold only for
// rows in which the column living is NULL, unless living is empty.
func (k *KindTables) requireKey(table, otherwise, tenant, name, living string) {
	if _, exists := k.columns[table][name]; !exists || k.isUnique(table, tenant, name, living) {
		return
	}
	k.lacks(table, otherwise, fmt.Sprintf("ALTER TABLE %s ADD UNIQUE (%s, %s);", table,
		declare.TenantSQL(tenant), sqltext.Quote(name)))
}

// isUnique reports whether the column is unique within a tenant, or everywhere, in all rows or in
// those in which the column living is NULL.
func (k *KindTables) isUnique(table, tenant, name, living string) bool {
	pair := []string{tenant, name}
	slices.Sort(pair)
	return slices.ContainsFunc(k.keys, func(key uniqueKey) bool {
		return key.Table == table && (key.Living == "" || key.Living == living) &&
			(key.Columns == name || key.Columns == strings.Join(pair, ","))
	})
}

// hasOnlyRow reports whether a boolean column is unique, as in a table of a single-tenant
// version that can have one row.
func (k *KindTables) hasOnlyRow(table string) bool {
	return slices.ContainsFunc(k.keys, func(key uniqueKey) bool {
		return key.Table == table && key.Living == "" &&
			k.columns[table][key.Columns].Type == "bool"
	})
}
