package items

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// lockedRow is the row of the item that a transaction writes. Its zero value means that the
// tenant has no such item.
type lockedRow struct {
	ID      string
	Version int64
	Unfit   bool // see [itemsql.HiddenUnfit]; only lockForChange asks
	Deleted bool // there is no such item: a new one takes the row's place, which keeps its name
}

// lockForChange locks the row with this name. Other transactions may insert references to it.
func lockForChange(
	ctx context.Context, tx bun.IDB, d *declare.Set, tenant tenancy.ID, t *declare.Table,
	name string,
) (lockedRow, error) {
	columns := "t.id, " + itemsql.VersionOf(t) + " AS version, " + itemsql.HiddenUnfit(d, t) +
		" AS unfit"
	living := itemsql.Living(t, "t")
	if t.KeepsNames {
		columns += ", t." + sqltext.Quote(t.DeletedAt) + " IS NOT NULL AS deleted"
		living = ""
	}
	return lockRow(ctx, tx, tenant, t, name, columns, living+" FOR NO KEY UPDATE")
}

// lockForDeletion locks the row with this name.
func lockForDeletion(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table, name string,
) (lockedRow, error) {
	return lockRow(ctx, tx, tenant, t, name, "t.id, "+itemsql.VersionOf(t)+" AS version",
		itemsql.Living(t, "t")+" FOR UPDATE")
}

func lockRow(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table,
	name, columns, end string,
) (lockedRow, error) {
	var rows []lockedRow
	query := "SELECT " + columns + " FROM " + t.SQL + " AS t WHERE t." + t.Tenant() + " = ?0 AND " +
		itemsql.NameEquals(t, "t", "?1") + end + " OF t"
	err := tx.NewRaw(query, tenant, name).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return lockedRow{}, err
	}
	return rows[0], nil
}

func (r lockedRow) exists() bool { return r.ID != "" && !r.Deleted }

// check checks the condition of a write.
func (r lockedRow) check(cond ports.Condition, ref federation.Ref) error {
	if !r.exists() {
		return cond.Check(ref, "", 0)
	}
	return cond.Check(ref, r.ID, r.Version)
}

// sqlID returns the row's id as an argument of a statement, NULL if there is no row.
func (r lockedRow) sqlID() any {
	if r.ID != "" {
		return r.ID
	}
	return nil
}
