package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// lockedRow is the row of the item that a transaction writes. Its zero value means that the
// tenant has no such item.
type lockedRow struct {
	ID      string
	Version int64
	Unfit   bool // see [itemsql.HiddenUnfit]; only lockForChange asks
}

// lockForChange locks the row with this name. Other transactions may insert references to it.
func lockForChange(
	ctx context.Context, tx bun.IDB, d *declare.Set, tenant tenancy.ID, t *declare.Table,
	name string,
) (lockedRow, error) {
	columns := "t.id, t.version, " + itemsql.HiddenUnfit(d, t) + " AS unfit"
	return lockRow(ctx, tx, tenant, t, name, columns, "NO KEY UPDATE")
}

// lockForDeletion locks the row with this name.
func lockForDeletion(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table, name string,
) (lockedRow, error) {
	return lockRow(ctx, tx, tenant, t, name, "t.id, t.version", "UPDATE")
}

func lockRow(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table,
	name, columns, strength string,
) (lockedRow, error) {
	var rows []lockedRow
	query := "SELECT " + columns + " FROM " + t.SQL + " AS t WHERE t." + t.Tenant() + " = ?0 AND " +
		itemsql.NameEquals(t, "t", "?1") + " FOR " + strength + " OF t"
	err := tx.NewRaw(query, tenant, name).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return lockedRow{}, err
	}
	return rows[0], nil
}

func (r lockedRow) exists() bool { return r.ID != "" }

// sqlID returns the row's id as an argument of a statement, NULL if there is no row.
func (r lockedRow) sqlID() any {
	if r.exists() {
		return r.ID
	}
	return nil
}
