package items

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// resources is [ports.Resources] on the scoped pool.
type resources struct {
	pool     *pool.Pool
	declared *declare.Set
	vault    *vault.Vault
}

var _ ports.Resources = (*resources)(nil)

// table returns the table of a declared kind, or [tenancy.CodeNotFound].
func (s *resources) table(kind string) (*declare.Table, error) {
	t, ok := s.declared.ByKind[kind]
	if !ok {
		return nil, tenancy.Errorf(tenancy.CodeNotFound, "unknown kind %q", kind)
	}
	return t, nil
}

func (s *resources) Get(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return federation.Resource{}, err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return federation.Resource{}, err
	}
	return s.get(ctx, s.pool.App, tenant, t, ref.Name)
}

// get reads one item. The function that it calls keeps its plan for a session, except in the
// proof of isolation, where the filter is taken away.
func (s *resources) get(
	ctx context.Context, db bun.IDB, tenant tenancy.ID, t *declare.Table, name string,
) (federation.Resource, error) {
	query := itemsql.GetItem(s.declared, t, filterbypass.Bypassed(ctx))
	found, err := queryItems(ctx, db, s.declared.Kinds, t, query, tenant, name)
	if err != nil {
		return federation.Resource{}, err
	}
	if len(found) == 0 {
		return federation.Resource{}, federation.ItemNotFound(federation.Ref{Kind: t.Kind, Name: name})
	}
	return found[0], nil
}

// List uses the search function of the kind for a search or a selection by labels, if there is
// one, and otherwise a statement in the order of the names.
func (s *resources) List(
	ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	t, err := s.table(q.Kind)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	if s.usesSearchFunction(t, q) {
		return s.search(ctx, tenant, t, q)
	}
	conditions, args := s.conditions(t, q)
	query := itemsql.SelectItems(s.declared, t) + itemsql.OfTenant(t) + " AND " + conditions +
		" ORDER BY " + itemsql.NameExpr(t, "t") + s.pool.ServerInfo.Collate + " LIMIT ?"
	return queryItems(ctx, s.pool.App, s.declared.Kinds, t, query,
		slices.Concat([]any{tenant}, args, []any{q.Limit})...)
}

// Delete locks the row first: a transaction that inserts a reference to the row waits, and
// finds it deleted. The check of the referrers gives a better error than the foreign keys
// would.
func (s *resources) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return err
	}
	if t.Singleton != "" && ref.Name != t.Singleton {
		return federation.ItemNotFound(ref)
	}
	kind := federation.Kind{Name: t.Kind, Singleton: t.Singleton}
	if err := kind.CheckDelete(); err != nil {
		return err
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := s.lockImports(ctx, tx, t); err != nil {
			return err
		}
		row, err := lockForDeletion(ctx, tx, tenant, t, ref.Name)
		if err != nil {
			return err
		}
		if !row.exists() {
			return federation.ItemNotFound(ref)
		}
		if err := cond.Check(ref, row.ID, row.Version); err != nil {
			return err
		}
		before, err := s.get(ctx, tx, tenant, t, ref.Name)
		if err != nil {
			return err
		}
		if err := s.checkUnreferenced(ctx, tx, tenant, t, ref, row.ID); err != nil {
			return err
		}
		if err := deleteRow(ctx, tx, tenant, t, row.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, federation.DeleteEvent(before.Item))
	})
}

// lockImports waits for the imports into the tenant if one of them could refer to an item of t that
// is marked as deleted meanwhile: no foreign key fires then, and an import sees only what was stored
// when it began.
func (s *resources) lockImports(ctx context.Context, tx bun.Tx, t *declare.Table) error {
	if t.DeletedAt == "" || itemsql.SelectReferrers(s.declared, t, tenancy.ID{}, "''") == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, "SELECT bailiwick.lock_quota()")
	return err
}

// deleteRow deletes a row of t, and first its rows in the join tables of t's references. A row that
// is only marked as deleted keeps them.
func deleteRow(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *declare.Table, id string,
) error {
	for _, r := range t.References {
		if r.JoinTable == nil || t.DeletedAt != "" {
			continue
		}
		_, err := tx.NewRaw("DELETE FROM "+r.JoinTable.SQL+" WHERE "+r.JoinTable.Tenant()+" = ? AND "+
			sqltext.Quote(r.JoinTable.From)+" = ?", tenant, id).Exec(ctx)
		if err != nil {
			return err
		}
	}
	_, err := tx.NewRaw(itemsql.DeleteRow(t), tenant, id).Exec(ctx)
	return err
}
