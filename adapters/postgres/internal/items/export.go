package items

import (
	"context"
	"database/sql"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// transfers is [ports.Transfers].
type transfers struct {
	pool     *pool.Pool
	declared *declare.Set
}

var _ ports.Transfers = (*transfers)(nil)

func (s *transfers) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	tables, err := s.selected(sel)
	if err != nil {
		return err
	}
	snapshot := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return pgerr.Translate(s.pool.App.RunInTx(ctx, snapshot,
		func(ctx context.Context, tx bun.Tx) error {
			// compiling takes longer than it saves
			if _, err := tx.ExecContext(ctx, "SET LOCAL jit = off"); err != nil {
				return err
			}
			for _, t := range tables {
				query := itemsql.SelectItems(s.declared, t) + " WHERE t.tenant_id = ?"
				args := []any{tenant}
				if len(sel.Labels) > 0 {
					query += " AND t.labels @> ?::jsonb"
					args = append(args, labelsJSON(sel.Labels))
				}
				query += " ORDER BY " + itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Collate
				err := eachItem(ctx, tx, t.Kind,
					func(r federation.Resource) error { return yield(r.Item) }, query, args...)
				if err != nil {
					return err
				}
			}
			return nil
		}))
}

func (s *transfers) selected(sel ports.Selection) ([]*declare.Table, error) {
	all := s.declared.SortedKinds()
	if len(sel.Kinds) == 0 {
		return all, nil
	}
	for _, kind := range sel.Kinds {
		if s.declared.ByKind[kind] == nil {
			return nil, tenancy.Errorf(tenancy.CodeInvalid, "there is no kind %q", kind)
		}
	}
	return slices.DeleteFunc(all,
		func(t *declare.Table) bool { return !slices.Contains(sel.Kinds, t.Kind) }), nil
}
