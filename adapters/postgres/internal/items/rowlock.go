package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// lockedRow is the row of the item that a transaction writes. Its zero value means that the
// tenant has no such item.
type lockedRow struct {
	ID      string
	Version int64
}

// lockRow locks the row with this name. The strength is NO KEY UPDATE for a change, during which
// other transactions may insert references to the row, and UPDATE for a deletion.
func lockRow(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table, name, strength string,
) (lockedRow, error) {
	var rows []lockedRow
	query := "SELECT t.id, t.version FROM " + t.SQL + " AS t WHERE t.tenant_id = ? AND " +
		itemsql.NameEquals(t, "t", "?") + " FOR " + strength
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

// checkCondition returns the error of the part of cond that doesn't hold for the item ref.
func (r lockedRow) checkCondition(cond ports.Condition, ref federation.Ref) error {
	switch {
	case cond.Absent && r.exists():
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "%s %q exists already", ref.Kind, ref.Name)
	case (cond.Exists || cond.Version != 0) && !r.exists():
		return tenancy.Errorf(tenancy.CodeVersionMismatch, "the item doesn't exist")
	case cond.Version != 0 && cond.Version != r.Version:
		return pool.ErrVersion
	}
	return nil
}
