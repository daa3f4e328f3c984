package memory

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// resources is [ports.Resources].
type resources struct{ s *Store }

var _ ports.Resources = resources{}

func (p resources) Get(
	_ context.Context, tenant tenancy.ID, ref federation.Ref,
) (federation.Resource, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return federation.Resource{}, err
	}
	found, ok := d.get(ref)
	if !ok {
		return federation.Resource{}, federation.ItemNotFound(ref)
	}
	return found.copyOut(), nil
}

func (p resources) List(
	_ context.Context, tenant tenancy.ID, q ports.ResourceQuery,
) ([]federation.Resource, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	if _, err := p.kind(q.Kind); err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	rows := d.snapshot(func(r row) bool {
		return r.Kind == q.Kind && r.Name > q.After && hasLabels(r.Item, q.Labels) &&
			matchesSearch(r.Item, q.Search)
	})
	found := make([]federation.Resource, 0, min(len(rows), q.Limit))
	for _, r := range firstN(rows, q.Limit) {
		found = append(found, r.copyOut())
	}
	return found, nil
}

func (p resources) Put(
	ctx context.Context, tenant tenancy.ID, item federation.Item, cond ports.Condition,
) (federation.Resource, bool, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return federation.Resource{}, false, err
	}
	next, secrets, err := p.prepare(item)
	if err != nil {
		return federation.Resource{}, false, err
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return federation.Resource{}, false, err
	}
	defer unlock()
	release, err := p.s.holdRight(ctx)
	if err != nil {
		return federation.Resource{}, false, err
	}
	defer release()

	stored, exists := d.get(next.Ref)
	if err := cond.Check(item.Ref, stored.ID, stored.Version); err != nil {
		return federation.Resource{}, false, err
	}
	if err := d.checkTargets(next); err != nil {
		return federation.Resource{}, false, err
	}
	if exists && next.Digest == stored.Digest && d.hasSecrets(secrets) {
		return stored.copyOut(), false, nil
	}
	if len(next.targets) > 0 {
		if err := p.s.checkCycles([]row{next}, d.rowsWith(next),
			func(federation.Ref) string { return "" }); err != nil {
			return federation.Resource{}, false, err
		}
	}
	now := p.s.time()
	next.Version, next.UpdatedAt = stored.Version+1, now
	var before *federation.Item
	if exists {
		next.ID, next.CreatedAt, before = stored.ID, stored.CreatedAt, &stored.Item
	} else {
		if err := p.s.checkQuota(tenant, next.Kind, d.count(next.Kind)+1); err != nil {
			return federation.Resource{}, false, err
		}
		next.ID, next.CreatedAt = p.s.newID(), now
	}
	if err := p.s.record(ctx, tenant,
		federation.WriteEvent(before, next.Item, slices.Sorted(maps.Keys(secrets)))); err != nil {
		return federation.Resource{}, false, err
	}
	d.put(next, secrets)
	return next.copyOut(), !exists, nil
}

// checkTargets returns an error if r refers to an item that doesn't exist. r may refer
// to itself before it is stored.
func (d *tenantData) checkTargets(r row) error {
	exists := func(ref federation.Ref) bool {
		_, ok := d.get(ref)
		return ok || ref == r.Ref
	}
	return federation.DanglingError(danglingDetails("", r.targets, exists))
}

func (p resources) Delete(
	ctx context.Context, tenant tenancy.ID, ref federation.Ref, cond ports.Condition,
) error {
	d, err := p.s.data(tenant)
	if err != nil {
		return err
	}
	kind, err := p.kind(ref.Kind)
	if err != nil {
		return err
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	release, err := p.s.holdRight(ctx)
	if err != nil {
		return err
	}
	defer release()

	stored, exists := d.get(ref)
	if !exists {
		return federation.ItemNotFound(ref)
	}
	if err := kind.CheckDelete(); err != nil {
		return err
	}
	if err := cond.Check(ref, stored.ID, stored.Version); err != nil {
		return err
	}
	if err := federation.CheckReferrers(ref, d.referrers(ref)); err != nil {
		return err
	}
	if err := p.s.record(ctx, tenant, federation.DeleteEvent(stored.Item)); err != nil {
		return err
	}
	d.remove(ref)
	return nil
}

// prepare checks item and extracts its literal secrets, which it returns by their names
// in the vault.
func (p resources) prepare(item federation.Item) (row, map[string]string, error) {
	item, err := p.s.kinds.Check(federation.Item{Ref: item.Ref, Labels: item.Labels,
		Spec: item.Spec})
	if err != nil {
		return row{}, nil, err
	}
	item, secrets, err := p.s.kinds.ExtractSecrets(item)
	if err != nil {
		return row{}, nil, err
	}
	targets, err := p.s.kinds.Targets(item)
	return row{Resource: federation.Resource{Item: copyItem(item)}, targets: targets}, secrets, err
}

// kind returns a declared kind, or [tenancy.CodeNotFound].
func (p resources) kind(name string) (federation.Kind, error) {
	kind, ok := p.s.kinds.Kind(name)
	if !ok {
		return federation.Kind{}, tenancy.Errorf(tenancy.CodeNotFound, "unknown kind %q", name)
	}
	return kind, nil
}

// put stores r and the secrets that were extracted from it at once, so that no reader
// finds a reference without its secret.
func (d *tenantData) put(r row, secrets map[string]string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.rows[r.Ref] = r
	for name, value := range secrets {
		d.secrets[name] = storedSecret{[]byte(value), r.UpdatedAt}
	}
}

// hasSecrets reports whether the vault has each of the secrets with this value.
func (d *tenantData) hasSecrets(secrets map[string]string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for name, value := range secrets {
		stored, ok := d.secrets[name]
		if !ok || subtle.ConstantTimeCompare(stored.value, []byte(value)) != 1 {
			return false
		}
	}
	return true
}

func (d *tenantData) remove(ref federation.Ref) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.rows, ref)
}

// matchesSearch reports whether the item's name or description contains search, in any
// letter case. search has no wildcards.
func matchesSearch(item federation.Item, search string) bool {
	if containsFold(search, item.Name) {
		return true
	}
	var spec struct {
		Description string `json:"description"`
	}
	err := json.Unmarshal(item.Spec, &spec)
	return err == nil && containsFold(search, spec.Description)
}

// containsFold reports whether one of the texts contains search, in any case of letters.
func containsFold(search string, texts ...string) bool {
	search = strings.ToLower(search)
	return slices.ContainsFunc(texts,
		func(text string) bool { return strings.Contains(strings.ToLower(text), search) })
}
