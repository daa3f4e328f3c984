package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ownedList is a list of what a tenant has in one of the library's tables, in the
// order of a column of ids.
type ownedList struct {
	table, columns, id string
	begins             string // what is said of a page that begins behind no id
}

// readPage answers at most limit rows behind the id after ("" for the first page).
func readPage[R any](
	ctx context.Context, p *Pool, tenant tenancy.ID, l ownedList, after string, limit int,
) ([]R, error) {
	ctx, err := bindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	query := p.App.NewSelect().TableExpr(l.table).ColumnExpr(l.columns).
		Where("tenant_id = ?", tenant).Order(l.id).Limit(int64(limit))
	if after != "" {
		id, err := uuid.Parse(after)
		if err != nil {
			return nil, tenancy.Errorf(tenancy.CodeInvalidCursor, "%s", l.begins)
		}
		query = query.Where(l.id+" > ?", id.String())
	}
	var rows []R
	if err := query.Scan(ctx, &rows); err != nil {
		return nil, translate(err)
	}
	return rows, nil
}

// mapRows is what show makes of each row.
func mapRows[R, T any](rows []R, show func(R) T) []T {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = show(r)
	}
	return list
}

func checkLimit(limit int) error {
	if limit <= 0 {
		return tenancy.Errorf(tenancy.CodeInvalid, "a list's limit is positive")
	}
	return nil
}
