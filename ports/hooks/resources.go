package hooks

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// resources calls a hook after each change, and holds the port as [tenants] does.
type resources struct {
	next  ports.Resources
	hooks Hooks
}

func (p resources) Get(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	return p.next.Get(ctx, tenant, ref)
}

func (p resources) List(
	ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	return p.next.List(ctx, tenant, q)
}

func (p resources) Referrers(
	ctx context.Context, tenant tenancy.ID, ref, after federation.Ref, limit int,
) ([]federation.Ref, error) {
	return p.next.Referrers(ctx, tenant, ref, after, limit)
}

func (p resources) SecretUses(
	ctx context.Context, tenant tenancy.ID, q ports.SecretQuery,
) ([]ports.UsedSecret, error) {
	return p.next.SecretUses(ctx, tenant, q)
}

func (p resources) Count(
	ctx context.Context, tenant tenancy.ID, most map[string]int64,
) (map[string]int64, error) {
	return p.next.Count(ctx, tenant, most)
}

// Put reads the resource first, to see whether anything was written: an equal one isn't. An
// error of that read doesn't matter: then the hook may be called for nothing.
func (p resources) Put(
	ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition,
) (stored federation.Resource, created bool, err error) {
	ref := federation.Ref{Kind: item.Kind, Name: federation.NormalName(item.Name)}
	before, unread := p.next.Get(ctx, tenant, ref)
	stored, created, err = p.next.Put(ctx, tenant, item, cond)
	if err != nil {
		return stored, created, err
	}
	c := ResourceChange{Tenant: tenant, Action: Changed, Ref: stored.Ref, Version: stored.Version}
	if created {
		c.Action = Created
	}
	if created || unread != nil || before.ID != stored.ID || before.Version != stored.Version {
		p.hooks.resourceChanged(ctx, c)
	}
	return stored, created, nil
}

func (p resources) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	err := p.next.Delete(ctx, tenant, ref, cond)
	if err == nil {
		p.hooks.resourceChanged(ctx, ResourceChange{Tenant: tenant, Action: Deleted, Ref: ref})
	}
	return err
}
