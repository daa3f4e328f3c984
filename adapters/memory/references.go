package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// danglingDetails returns a detail for each target that doesn't exist, with prefix
// before its path.
func danglingDetails(
	prefix string, targets []federation.Target, exists func(federation.Ref) bool,
) []tenancy.Detail {
	var details []tenancy.Detail
	for _, target := range targets {
		if !exists(target.Ref) {
			details = append(details,
				federation.DanglingReference(prefix+target.Path, target.Ref))
		}
	}
	return details
}

// referrers returns the other items that refer to ref, sorted.
func (d *tenantData) referrers(ref federation.Ref) []federation.Ref {
	var refs []federation.Ref
	for _, r := range d.snapshot(func(r row) bool { return r.Ref != ref && refersTo(r, ref) }) {
		refs = append(refs, r.Ref)
	}
	return refs
}

// refersTo reports whether r has a reference to ref.
func refersTo(r row, ref federation.Ref) bool {
	for _, target := range r.targets {
		if target.Ref == ref {
			return true
		}
	}
	return false
}

func (p resources) Referrers(
	_ context.Context, tenant tenancy.ID, ref, after federation.Ref, limit int,
) ([]federation.Ref, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	if _, ok := d.get(ref); !ok {
		return nil, federation.ItemNotFound(ref)
	}
	var found []federation.Ref
	for _, r := range d.referrers(ref) {
		if cmp.Or(cmp.Compare(r.Kind, after.Kind), cmp.Compare(r.Name, after.Name)) > 0 {
			found = append(found, r)
		}
	}
	return firstN(found, limit), nil
}

func (p resources) SecretUses(
	_ context.Context, tenant tenancy.ID, q ports.SecretQuery,
) ([]ports.UsedSecret, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	if err := cmp.Or(tenancy.CheckLimit(q.Limit), tenancy.CheckLimit(q.Uses)); err != nil {
		return nil, err
	}
	byName := map[string][]federation.SecretUse{}
	for _, r := range d.snapshot(func(row) bool { return true }) {
		uses, err := p.s.kinds.SecretUses(r.Item)
		if err != nil {
			return nil, err
		}
		for _, use := range uses {
			byName[use.Secret] = append(byName[use.Secret], use)
		}
	}
	var found []ports.UsedSecret
	for _, name := range slices.Sorted(maps.Keys(byName)) {
		if name <= q.After || len(found) == q.Limit {
			continue
		}
		uses := byName[name]
		slices.SortFunc(uses, federation.SecretUse.Compare)
		found = append(found, ports.UsedSecret{Name: name, Uses: firstN(uses, q.Uses),
			More: len(uses) > q.Uses})
	}
	return found, nil
}

func (p resources) Count(
	_ context.Context, tenant tenancy.ID, most map[string]int64,
) (map[string]int64, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	counts := map[string]int64{}
	for kind := range most {
		if _, err := p.kind(kind); err != nil {
			return nil, err
		}
		counts[kind] = 0
	}
	for _, r := range d.snapshot(func(r row) bool { return true }) {
		if limit, asked := most[r.Kind]; asked && counts[r.Kind] < limit {
			counts[r.Kind]++
		}
	}
	return counts, nil
}
