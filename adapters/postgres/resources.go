package postgres

import (
	"context"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// resources is [ports.Resources], upon the scoped pool.
type resources struct{ db *DB }

var _ ports.Resources = (*resources)(nil)

func (s *resources) table(kind string) (*table, error) {
	t, ok := s.db.declared.byKind[kind]
	if !ok {
		return nil, tenancy.Errorf(tenancy.CodeNotFound, "no such kind")
	}
	return t, nil
}

func (s *resources) Get(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	ctx, err := bindTenant(ctx, tenant)
	if err != nil {
		return federation.Resource{}, err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return federation.Resource{}, err
	}
	return s.get(ctx, s.db.app, tenant, t, ref.Name)
}

func (s *resources) get(
	ctx context.Context, db bun.IDB, tenant tenancy.ID, t *table, name string,
) (federation.Resource, error) {
	query := s.db.declared.getItem(t, filterbypass.PolicyAlone(ctx))
	found, err := queryItems(ctx, db, t.kind, query, tenant, name)
	if err != nil {
		return federation.Resource{}, err
	}
	if len(found) == 0 {
		return federation.Resource{}, tenancy.ErrNotFound
	}
	return found[0], nil
}

func (s *resources) List(
	ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	ctx, err := bindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	t, err := s.table(q.Kind)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(q.Limit); err != nil {
		return nil, err
	}
	if s.searches(t, q) {
		return s.search(ctx, tenant, t, q)
	}
	conditions, args := s.conditions(t, q)
	query := s.db.declared.selectItems(t) + " WHERE t.tenant_id = ? AND " + conditions +
		" ORDER BY " + t.nameOf("t") + s.db.collate + " LIMIT ?"
	return queryItems(ctx, s.db.app, t.kind, query,
		slices.Concat([]any{tenant}, args, []any{q.Limit})...)
}

func (s *resources) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	ctx, err := bindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	t, err := s.table(ref.Kind)
	if err != nil {
		return err
	}
	if t.singleton != "" {
		return tenancy.Errorf(tenancy.CodeNotDeletable,
			"a tenant always has its %s: put another one in its place", ref.Kind)
	}
	return s.db.inTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		row, err := lockRow(ctx, tx, tenant, t, ref.Name, "UPDATE")
		if err != nil {
			return err
		}
		if !row.there() {
			return tenancy.ErrNotFound
		}
		if err := row.check(cond); err != nil {
			return err
		}
		before, err := s.get(ctx, tx, tenant, t, ref.Name)
		if err != nil {
			return err
		}
		if err := s.remove(ctx, tx, tenant, t, row.ID); err != nil {
			return err
		}
		return record(ctx, tx, federation.DeleteEvent(before.Item))
	})
}

func (s *resources) remove(
	ctx context.Context, tx bun.Tx, tenant tenancy.ID, t *table, id string,
) error {
	if query := s.db.declared.referrers(t, tenant, "?0::uuid"); query != "" {
		var referrers []federation.Ref
		err := tx.NewRaw("SELECT DISTINCT kind, name FROM ("+query+") AS found LIMIT ?1", id,
			maxDetails).Scan(ctx, &referrers)
		if err != nil {
			return err
		}
		if len(referrers) > 0 {
			slices.SortFunc(referrers, federation.Ref.Compare)
			referenced := tenancy.Errorf(tenancy.CodeReferenced,
				"something still refers to it: change or delete the referrers first")
			referenced.Members = map[string]any{"referrers": referrers}
			return referenced
		}
	}
	for _, r := range t.references {
		if r.join == nil {
			continue
		}
		if _, err := tx.NewRaw("DELETE FROM "+r.join.sql+" WHERE tenant_id = ? AND "+
			quote(r.join.from)+" = ?", tenant, id).Exec(ctx); err != nil {
			return err
		}
	}
	_, err := tx.NewRaw("DELETE FROM "+t.sql+" WHERE tenant_id = ? AND id = ?", tenant, id).
		Exec(ctx)
	return err
}
