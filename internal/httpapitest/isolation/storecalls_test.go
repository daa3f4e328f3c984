package isolation_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// callRecorder records calls of stores.
type callRecorder struct {
	mu   sync.Mutex
	list []string
}

func (c *callRecorder) add(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, fmt.Sprintf(format, args...))
}

func (c *callRecorder) take() (list []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	list, c.list = c.list, nil
	return list
}

// record returns s with stores that record every call. None of their types embeds its
// port, so that a new method of a port can't be forgotten here.
func (c *callRecorder) record(s ports.Services) ports.Services {
	s.Tenants, s.Keys, s.KeyFinder = recordedTenants{s.Tenants, c}, recordedKeys{s.Keys, c},
		recordedKeyFinder{s.KeyFinder, c}
	s.Resources, s.Transfers, s.Vault = recordedResources{s.Resources, c},
		recordedTransfers{s.Transfers, c}, recordedVault{s.Vault, c}
	return s
}

type recordedTenants struct {
	port  ports.Tenants
	calls *callRecorder
}

func (w recordedTenants) Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	w.calls.add("create tenant %s", t.Slug)
	return w.port.Create(ctx, t)
}

func (w recordedTenants) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	w.calls.add("tenant %s", id)
	return w.port.Get(ctx, id)
}

func (w recordedTenants) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	w.calls.add("tenant %s", slug)
	return w.port.BySlug(ctx, slug)
}

func (w recordedTenants) List(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	w.calls.add("tenants %v", q)
	return w.port.List(ctx, q)
}

func (w recordedTenants) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	w.calls.add("update tenant %s", t.ID)
	return w.port.Update(ctx, t)
}

func (w recordedTenants) Purge(
	ctx context.Context, id tenancy.ID,
) (tenancy.PurgeCertificate, error) {
	w.calls.add("purge tenant %s", id)
	return w.port.Purge(ctx, id)
}

type recordedKeys struct {
	port  ports.Keys
	calls *callRecorder
}

func (w recordedKeys) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	w.calls.add("create key of %s", tenant)
	return w.port.Create(ctx, tenant, k)
}

func (w recordedKeys) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.APIKey, error) {
	w.calls.add("%d keys of %s after %s", limit, tenant, after)
	return w.port.List(ctx, tenant, after, limit)
}

func (w recordedKeys) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, until time.Time,
) (tenancy.APIKey, error) {
	w.calls.add("rotate key %s of %s", id, tenant)
	return w.port.Rotate(ctx, tenant, id, next, until)
}

func (w recordedKeys) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	w.calls.add("revoke key %s of %s", id, tenant)
	return w.port.Revoke(ctx, tenant, id)
}

type recordedKeyFinder struct {
	port  ports.KeyFinder
	calls *callRecorder
}

func (w recordedKeyFinder) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	w.calls.add("key %x", hash)
	return w.port.Find(ctx, hash)
}

type recordedResources struct {
	port  ports.Resources
	calls *callRecorder
}

func (w recordedResources) Get(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	w.calls.add("resource %v of %s", ref, tenant)
	return w.port.Get(ctx, tenant, ref)
}

func (w recordedResources) List(
	ctx context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	w.calls.add("resources %v of %s", q, tenant)
	return w.port.List(ctx, tenant, q)
}

func (w recordedResources) Put(
	ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	w.calls.add("put resource %v of %s", item.Ref, tenant)
	return w.port.Put(ctx, tenant, item, cond)
}

func (w recordedResources) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	w.calls.add("delete resource %v of %s", ref, tenant)
	return w.port.Delete(ctx, tenant, ref, cond)
}

func (w recordedResources) Referrers(
	ctx context.Context, tenant tenancy.ID, ref, after federation.Ref, limit int,
) ([]federation.Ref, error) {
	w.calls.add("%d referrers of %v of %s after %v", limit, ref, tenant, after)
	return w.port.Referrers(ctx, tenant, ref, after, limit)
}

func (w recordedResources) SecretUses(
	ctx context.Context, tenant tenancy.ID, q ports.SecretQuery,
) ([]ports.UsedSecret, error) {
	w.calls.add("secret uses %v of %s", q, tenant)
	return w.port.SecretUses(ctx, tenant, q)
}

func (w recordedResources) Count(
	ctx context.Context, tenant tenancy.ID, most map[string]int64,
) (map[string]int64, error) {
	w.calls.add("count resources of %s up to %v", tenant, most)
	return w.port.Count(ctx, tenant, most)
}

type recordedTransfers struct {
	port  ports.Transfers
	calls *callRecorder
}

func (w recordedTransfers) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	w.calls.add("export %v of %s", sel, tenant)
	return w.port.Export(ctx, tenant, sel, yield)
}

func (w recordedTransfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	w.calls.add("import into %s", tenant)
	return w.port.Import(ctx, tenant, fn)
}

type recordedVault struct {
	port  ports.Vault
	calls *callRecorder
}

func (w recordedVault) Set(
	ctx context.Context, tenant tenancy.ID, name string, value []byte,
) error {
	w.calls.add("set secret %s of %s", name, tenant)
	return w.port.Set(ctx, tenant, name, value)
}

func (w recordedVault) Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	w.calls.add("secret %s of %s", name, tenant)
	return w.port.Get(ctx, tenant, name)
}

func (w recordedVault) Unset(ctx context.Context, tenant tenancy.ID, name string) error {
	w.calls.add("unset secret %s of %s", name, tenant)
	return w.port.Unset(ctx, tenant, name)
}

func (w recordedVault) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]ports.StoredSecret, error) {
	w.calls.add("%d secrets of %s after %s", limit, tenant, after)
	return w.port.List(ctx, tenant, after, limit)
}
