package items

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

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
	if _, limited := ctx.Deadline(); !limited {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, pool.BulkTimeout)
		defer stop()
	}
	snapshot := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	return pgerr.Translate(s.pool.App.RunInTx(ctx, snapshot,
		func(ctx context.Context, tx bun.Tx) error {
			// the JIT compiler takes longer than it saves
			if _, err := tx.ExecContext(ctx, "SET LOCAL jit = off"); err != nil {
				return err
			}
			run := &exportRun{transfers: s, tx: tx, sel: sel, yield: yield,
				args: []any{tenant, labelsJSON(sel.Labels), bun.List(possibleNames(sel.Names))}}
			if err := run.checkNames(ctx, tables); err != nil {
				return err
			}
			return run.exportKinds(ctx, tables)
		}))
}

// exportRun is one export. The parameters of its statements are args: the tenant, and the labels and
// the names of the selection.
type exportRun struct {
	*transfers
	tx    bun.Tx
	sel   ports.Selection
	args  []any
	yield func(federation.Item) error
}

// possibleNames returns the names that a text in the database can be.
func possibleNames(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		return !utf8.ValidString(name) || strings.ContainsRune(name, 0)
	})
}

// checkNames returns an error with the names that no item of the tables has.
func (e *exportRun) checkNames(ctx context.Context, tables []*declare.Table) error {
	missing := map[string]bool{}
	for _, name := range e.sel.Names {
		missing[name] = true
	}
	for _, t := range tables {
		if len(missing) == 0 {
			return nil
		}
		var found []string
		err := e.tx.NewRaw("SELECT "+itemsql.NameExpr(t, "t")+" FROM "+t.SQL+" AS t"+
			itemsql.OfTenant(t)+" AND "+e.selects(t), e.args...).Scan(ctx, &found)
		if err != nil {
			return err
		}
		for _, name := range found {
			delete(missing, name)
		}
	}
	return ports.NamesNotFound(slices.Collect(maps.Keys(missing)))
}

// exportKinds calls yield with the items of the tables that the selection selects and, with
// references, of all tables to which these refer.
func (e *exportRun) exportKinds(ctx context.Context, tables []*declare.Table) error {
	if !e.sel.WithReferences || e.sel.IsAll() {
		for _, t := range tables {
			query := itemsql.SelectItems(e.declared, t) + itemsql.OfTenant(t) + " AND " + e.selects(t)
			if err := e.exportKind(ctx, t, query, itemsql.NameExpr(t, "t")); err != nil {
				return err
			}
		}
		return nil
	}
	selected := map[string]string{}
	for _, t := range tables {
		selected[t.Kind] = e.selects(t)
	}
	closure := itemsql.NewClosure(e.declared, selected, "?0")
	for _, t := range closure.Tables() {
		if err := e.exportKind(ctx, t, closure.SelectItems(t), "t.name"); err != nil {
			return err
		}
	}
	return nil
}

// selects returns the condition that the selection selects the row t.
func (e *exportRun) selects(t *declare.Table) string {
	condition := "true"
	if len(e.sel.Labels) > 0 {
		condition += " AND " + itemsql.LabelsOf(t) + " @> ?1::jsonb"
	}
	if len(e.sel.Names) > 0 {
		condition += " AND " + itemsql.NameExpr(t, "t") + " IN (?2)"
	}
	return condition
}

// exportKind calls yield with the items of a query, in the order of their names. name is the
// expression for the name.
func (e *exportRun) exportKind(ctx context.Context, t *declare.Table, query, name string) error {
	query += " ORDER BY " + name + e.pool.ServerInfo.Collate
	return forEachItem(ctx, e.tx, e.declared.Kinds, t.Kind, func(r federation.Resource) error {
		r.Version = min(r.Version, t.VersionLimit) // so that it can be imported again
		return e.yield(r.Item)
	}, query, e.args...)
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
