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

// transfers is [ports.Transfers] on the scoped pool for exports, and on the bulk pool for imports.
type transfers struct {
	pool     *pool.Pool
	declared *declare.Set
}

var _ ports.Transfers = (*transfers)(nil)

// Export reads all kinds from one REPEATABLE READ snapshot. It streams the rows, so that the
// memory it takes doesn't grow with the number of items.
func (s *transfers) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	tables, err := s.selectedTables(sel)
	if err != nil {
		return err
	}
	leave, err := s.pool.Exports.Enter(ctx, tenant)
	if err != nil {
		return err
	}
	defer leave()
	snapshot := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return pgerr.Translate(s.pool.App.RunInTx(ctx, snapshot,
		func(ctx context.Context, tx bun.Tx) error {
			// the JIT compiler takes longer than it saves
			if _, err := tx.ExecContext(ctx, "SET LOCAL jit = off"); err != nil {
				return err
			}
			for _, t := range tables {
				if err := s.exportKind(ctx, tx, tenant, t, sel.Labels, yield); err != nil {
					return err
				}
			}
			return nil
		}))
}

// exportKind calls yield with the items of t that have these labels, in the order of their names.
func (s *transfers) exportKind(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table,
	labels map[string]string, yield func(federation.Item) error,
) error {
	query := itemsql.SelectItems(s.declared, t) + itemsql.OfTenant(t)
	args := []any{tenant}
	if len(labels) > 0 {
		query += " AND " + itemsql.LabelsOf(t) + " @> ?::jsonb"
		args = append(args, labelsJSON(labels))
	}
	query += " ORDER BY " + itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Collate
	return forEachItem(ctx, tx, s.declared.Kinds, t.Kind, func(r federation.Resource) error {
		r.Version = min(r.Version, t.VersionLimit) // so that it can be imported again
		return yield(r.Item)
	}, query, args...)
}

// selectedTables returns the tables of the selected kinds, of all kinds if none is selected, in
// the order of the kinds' names.
func (s *transfers) selectedTables(sel ports.Selection) ([]*declare.Table, error) {
	all := s.declared.SortedKinds()
	if len(sel.Kinds) == 0 {
		return all, nil
	}
	for _, kind := range sel.Kinds {
		if s.declared.ByKind[kind] == nil {
			return nil, tenancy.Errorf(tenancy.CodeInvalid, "unknown kind %q", kind)
		}
	}
	return slices.DeleteFunc(all,
		func(t *declare.Table) bool { return !slices.Contains(sel.Kinds, t.Kind) }), nil
}
