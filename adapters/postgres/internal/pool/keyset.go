package pool

import (
	"context"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Listing describes a list of a tenant's rows in one of the library's tables, ordered by a
// column of ids.
type Listing struct {
	Table         string // an SQL expression for FROM
	Columns       string // SQL expressions for SELECT
	ID            string // the column of ids
	InvalidCursor string // the error text for a cursor that isn't an id
}

// ReadPage returns at most limit rows whose id is greater than after ("" for the first page).
// The error's code is [tenancy.CodeInvalidCursor] when after isn't an id.
func ReadPage[R any](
	ctx context.Context, p *Pool, tenant tenancy.ID, l Listing, after string, limit int,
) ([]R, error) {
	ctx, err := BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
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

// MapRows returns the results of convert for each row. It is never nil.
func MapRows[R, T any](rows []R, convert func(R) T) []T {
	list := make([]T, len(rows))
	for i, r := range rows {
		list[i] = convert(r)
	}
	return list
}
