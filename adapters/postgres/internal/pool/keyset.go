package pool

import (
	"context"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Listing is a list of what a tenant has in one of the library's tables, in the order
// of a column of ids.
type Listing struct {
	Table, Columns, ID string
	InvalidCursor      string // the error of a page that begins after no id
}

// ReadPage answers at most limit rows behind the id after ("" for the first page).
func ReadPage[R any](
	ctx context.Context, p *Pool, tenant tenancy.ID, l Listing, after string, limit int,
) ([]R, error) {
	ctx, err := BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := CheckLimit(limit); err != nil {
		return nil, err
	}
	query := p.App.NewSelect().TableExpr(l.Table).ColumnExpr(l.Columns).
		Where("tenant_id = ?", tenant).Order(l.ID).Limit(int64(limit))
	if after != "" {
		id, err := uuid.Parse(after)
		if err != nil {
			return nil, tenancy.Errorf(tenancy.CodeInvalidCursor, "%s", l.InvalidCursor)
		}
		query = query.Where(l.ID+" > ?", id.String())
	}
	var rows []R
	if err := query.Scan(ctx, &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return rows, nil
}

// MapRows is what show makes of each row.
func MapRows[R, T any](rows []R, show func(R) T) []T {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = show(r)
	}
	return list
}

func CheckLimit(limit int) error {
	if limit <= 0 {
		return tenancy.Errorf(tenancy.CodeInvalid, "a list's limit is positive")
	}
	return nil
}
