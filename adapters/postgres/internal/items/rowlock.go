package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// lockedRow is what a write finds under its name.
type lockedRow struct {
	ID      string
	Version int64
}

// target is the row's id for SQL, NULL if there is none.
func (r lockedRow) target() any {
	if r.there() {
		return r.ID
	}
	return nil
}

func (r lockedRow) there() bool { return r.ID != "" }

func (r lockedRow) check(cond ports.Condition) error {
	switch {
	case cond.Absent && r.there():
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "it exists already")
	case cond.Exists && !r.there(), cond.Version != 0 && cond.Version != r.Version:
		return pool.ErrVersionMismatch
	}
	return nil
}

// lockRow locks the row of a name. The strength is NO KEY UPDATE for a change,
// which lets others refer to the row meanwhile, and UPDATE for its removal.
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
