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
	Unfit   bool // see [itemsql.HiddenUnfit]
}

// lockRow locks the row with this name. The strength is NO KEY UPDATE for a change, during which
// other transactions may insert references to the row, and UPDATE for a deletion.
func lockRow(
	ctx context.Context, tx bun.IDB, d *declare.Set, tenant tenancy.ID, t *declare.Table,
	name, strength string,
) (lockedRow, error) {
	var rows []lockedRow
	query := "SELECT t.id, t.version, " + itemsql.HiddenUnfit(d, t) + " AS unfit FROM " + t.SQL +
		" AS t WHERE t.tenant_id = ?0 AND " + itemsql.NameEquals(t, "t", "?1") + " FOR " +
		strength + " OF t"
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
