package portstest_test

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"sync"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type listsAllTenants struct {
	ports.Resources
	tenants ports.Tenants
}

func (b listsAllTenants) List(
	ctx context.Context, _ tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	tenants, err := b.tenants.List(ctx, ports.TenantQuery{Limit: 100})
	var all []federation.Resource
	for _, t := range tenants {
		found, failed := b.Resources.List(ctx, t.ID, q)
		if failed != nil {
			return nil, failed
		}
		all = append(all, found...)
	}
	return all, err
}

type cacheWithoutTenant struct {
	ports.Resources
	cached *sync.Map
}

func newCacheWithoutTenant(inner ports.Resources) cacheWithoutTenant {
	return cacheWithoutTenant{inner, &sync.Map{}}
}

func (b cacheWithoutTenant) Put(
	ctx context.Context, tenant tenancy.ID, it federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	stored, created, err := b.Resources.Put(ctx, tenant, it, cond)
	if err == nil {
		b.cached.Store(stored.Ref, stored)
	}
	return stored, created, err
}

func (b cacheWithoutTenant) Get(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	if found, ok := b.cached.Load(ref); ok {
		return found.(federation.Resource), nil
	}
	return b.Resources.Get(ctx, tenant, ref)
}

type zeroIsDefaultTenant struct{ ports.Resources }

func (b zeroIsDefaultTenant) Put(
	ctx context.Context, tenant tenancy.ID, it federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	if tenant.IsZero() {
		tenant = tenancy.DefaultID
	}
	return b.Resources.Put(ctx, tenant, it, cond)
}

// changesPut changes the item before it is put.
type changesPut struct {
	ports.Resources
	change func(federation.Item) federation.Item
}

func (b changesPut) Put(
	ctx context.Context, tenant tenancy.ID, it federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	return b.Resources.Put(ctx, tenant, b.change(it), cond)
}

func dropLabels(it federation.Item) federation.Item {
	it.Labels = nil
	return it
}

func dropUnknownMember(it federation.Item) federation.Item {
	members := map[string]json.RawMessage{}
	if json.Unmarshal(it.Spec, &members) != nil {
		return it
	}
	delete(members, "z")
	it.Spec, _ = json.Marshal(members)
	return it
}

type mergesLabels struct{ ports.Resources }

func (b mergesLabels) Put(
	ctx context.Context, tenant tenancy.ID, it federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	if stored, err := b.Get(ctx, tenant, it.Ref); err == nil {
		maps.Copy(stored.Labels, it.Labels)
		it.Labels = stored.Labels
	}
	return b.Resources.Put(ctx, tenant, it, cond)
}

type ignoresConditions struct{ ports.Resources }

func (b ignoresConditions) Put(
	ctx context.Context, tenant tenancy.ID, it federation.Item, _ ports.Condition,
) (federation.Resource, bool, error) {
	return b.Resources.Put(ctx, tenant, it, ports.Condition{})
}

func (b ignoresConditions) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, _ ports.Condition,
) error {
	return b.Resources.Delete(ctx, tenant, ref, ports.Condition{})
}

type ignoresReferrers struct{ ports.Resources }

func (b ignoresReferrers) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	err := b.Resources.Delete(ctx, tenant, ref, cond)
	if tenancy.CodeOf(err) == tenancy.CodeReferenced {
		return nil
	}
	return err
}

type revealsSecrets struct {
	ports.Resources
	vault ports.Vault
}

func (b revealsSecrets) Get(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	found, err := b.Resources.Get(ctx, tenant, ref)
	name := federation.SecretName(ref, "token")
	if value, lacking := b.vault.Get(ctx, tenant, name); lacking == nil && err == nil {
		shown, _ := json.Marshal(string(value))
		found.Spec = json.RawMessage(strings.ReplaceAll(string(found.Spec),
			string(federation.SecretRef(name)), string(shown)))
	}
	return found, err
}

type inclusiveResourceCursor struct{ ports.Resources }

func (b inclusiveResourceCursor) List(
	ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	found, err := b.Resources.List(ctx, tenant, q)
	if at, missing := b.Get(ctx, tenant,
		federation.Ref{Kind: q.Kind, Name: q.After}); missing == nil && err == nil {
		found = append([]federation.Resource{at}, found...)
	}
	return found, err
}

type trimsWildcards struct{ ports.Resources }

func (b trimsWildcards) List(
	ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	q.Search = strings.Trim(q.Search, "%")
	return b.Resources.List(ctx, tenant, q)
}
