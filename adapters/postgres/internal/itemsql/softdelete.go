package itemsql

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// Living returns what a WHERE needs in addition so that it doesn't find deleted rows of the table
// with this alias. It is empty for a table whose rows are deleted for good.
func Living(t *declare.Table, alias string) string {
	if t == nil || t.DeletedAt == "" {
		return ""
	}
	return " AND " + alias + "." + sqltext.Quote(t.DeletedAt) + " IS NULL"
}

// OfTenant returns the WHERE of a query that begins with [SelectItems], for the tenant's items.
func OfTenant(t *declare.Table) string {
	return " WHERE t." + t.Tenant() + " = ?" + Living(t, "t")
}

// DeleteRow returns the statement that deletes a row, or marks it as deleted. Its parameters are the
// tenant and the id.
func DeleteRow(t *declare.Table) string {
	where := " WHERE " + t.Tenant() + " = ? AND id = ?"
	if t.DeletedAt == "" {
		return "DELETE FROM " + t.SQL + where
	}
	return "UPDATE " + t.SQL + " SET " + sqltext.Quote(t.DeletedAt) + " = now()" + where
}
