package memory

import (
	"context"
	"iter"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// importRun is one import in progress.
type importRun struct {
	s          *Store
	tenant     tenancy.ID
	data       *tenantData
	rows       map[federation.Ref]row // the tenant's rows after the import
	staged     map[federation.Ref]federation.Item
	from       source
	remembered takenItems // from the source, after Apply as the import leaves it
	// the source no longer has these; their items in staged have nothing but a ref
	missing map[federation.Ref]bool

	decisions
	applied bool           // only an applied import has an audit entry
	details map[string]any // of the audit entry
}

var _ ports.Import = (*importRun)(nil)

func (im *importRun) Stage(
	ctx context.Context, from federation.Source, items iter.Seq2[federation.Item, error],
) error {
	im.from = source{from.Instance, from.Tenant}
	im.data.mu.RLock()
	im.remembered = maps.Clone(im.data.taken[im.from])
	im.data.mu.RUnlock()
	if im.remembered == nil {
		im.remembered = takenItems{}
	}
	for item, err := range items {
		if err != nil {
			return err
		}
		if err := checkContext(ctx); err != nil {
			return err
		}
		if err := item.CheckVersion(federation.MaxVersion); err != nil {
			return err
		}
		if _, duplicate := im.staged[item.Ref]; duplicate {
			return tenancy.Errorf(tenancy.CodeInvalid, "%s %q appears twice", item.Kind, item.Name)
		}
		im.staged[item.Ref] = copyItem(item)
	}
	return nil
}

func (im *importRun) StageMissing(_ context.Context, sel ports.Selection) error {
	for ref, t := range im.remembered {
		if _, staged := im.staged[ref]; staged {
			continue
		}
		content := t.content
		content.Ref = ref
		if sel.Selects(content) {
			im.staged[ref] = federation.Item{Ref: ref}
			im.missing[ref] = true
		}
	}
	return nil
}

func (im *importRun) Renames(context.Context) (map[federation.Ref]string, error) {
	names := map[federation.Ref]string{}
	for ref, t := range im.remembered {
		if t.name != ref.Name {
			names[ref] = t.name
		}
	}
	return names, nil
}

func (im *importRun) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	for _, ref := range im.refs() {
		if err := checkContext(ctx); err != nil {
			return err
		}
		pair := ports.Pair{Incoming: copyItem(im.staged[ref]), Missing: im.missing[ref], Target: ref}
		if t, ok := im.remembered[ref]; ok {
			base := copyItem(t.content)
			pair.Base, pair.Target.Name = &base, t.name
		}
		if stored, ok := im.rows[pair.Target]; ok {
			current := copyItem(stored.Item)
			pair.Current, pair.Pristine = &current, im.isPristine(stored)
		}
		if err := yield(pair); err != nil {
			return err
		}
	}
	return nil
}

func (im *importRun) Exists(_ context.Context, ref federation.Ref) (bool, error) {
	_, stored := im.rows[ref]
	_, staged := im.staged[ref]
	return stored || staged || im.hasTaken(ref), nil
}

// hasTaken reports whether an item of the source has this ref in the tenant.
func (im *importRun) hasTaken(ref federation.Ref) bool {
	for of, t := range im.remembered {
		if of.Kind == ref.Kind && t.name == ref.Name {
			return true
		}
	}
	return false
}

func (im *importRun) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	im.applied = true
	var written []row
	for _, item := range im.items {
		if err := checkContext(ctx); err != nil {
			return nil, err
		}
		r, err := im.write(item)
		if err != nil {
			return nil, err
		}
		written = append(written, r)
	}
	for _, ref := range im.deleted {
		delete(im.rows, ref)
	}
	if err := im.checkReferences(written); err != nil {
		return nil, err
	}
	if err := im.checkDeleted(); err != nil {
		return nil, err
	}
	if err := im.s.checkCycles(written, maps.Values(im.rows), federation.Ref.Pointer); err != nil {
		return nil, err
	}
	if err := im.checkQuotas(); err != nil {
		return nil, err
	}
	maps.Copy(im.remembered, im.taken)
	for _, ref := range im.forgotten {
		delete(im.remembered, ref)
	}
	present := im.kept
	for _, r := range written {
		present = append(present, r.Item)
	}
	return im.missingSecrets(present)
}

func (im *importRun) Describe(details map[string]any) { im.details = details }

// refs returns the refs of the staged items, in order.
func (im *importRun) refs() []federation.Ref {
	return slices.SortedFunc(maps.Keys(im.staged), federation.Ref.Compare)
}

// write checks a decided item and stores it in the rows of the import. Unlike
// [ports.Resources.Put] it refuses literal secrets: a bundle must not contain any.
func (im *importRun) write(item federation.Item) (row, error) {
	checked, err := im.s.kinds.Check(item)
	if err != nil {
		return row{}, err
	}
	if err := im.s.kinds.RefuseSecretValues(checked); err != nil {
		return row{}, err
	}
	targets, err := im.s.kinds.Targets(checked)
	if err != nil {
		return row{}, err
	}
	r := row{Resource: federation.Resource{Item: copyItem(checked)}, targets: targets}
	im.stamp(&r, item)
	im.rows[r.Ref] = r
	return r, nil
}

// stamp sets r's id, version and times. Version and UpdatedAt are the bundle's if the
// item is new to the tenant, replaces a pristine one or is newer than the stored one.
func (im *importRun) stamp(r *row, incoming federation.Item) {
	now := im.s.time()
	stored, exists := im.rows[r.Ref]
	r.ID, r.CreatedAt = stored.ID, stored.CreatedAt
	if !exists {
		r.ID, r.CreatedAt = im.s.newID(), now
	}
	r.Version, r.UpdatedAt = incoming.Version, storedTime(incoming.UpdatedAt)
	if exists && !im.isPristine(stored) && incoming.Version <= stored.Version {
		r.Version, r.UpdatedAt = stored.Version+1, now
	}
}

func (im *importRun) isPristine(r row) bool {
	kind, _ := im.s.kinds.Kind(r.Kind)
	return r.IsPristine(kind)
}

// checkReferences checks the written items after all are written, because they may
// refer to each other in any order.
func (im *importRun) checkReferences(written []row) error {
	exists := func(ref federation.Ref) bool {
		_, ok := im.rows[ref]
		return ok
	}
	var details []tenancy.Detail
	for _, r := range written {
		details = append(details, danglingDetails(r.Ref.Pointer(), r.targets, exists)...)
	}
	return federation.DanglingError(details)
}

// checkDeleted returns the error of the items that refer to a deleted one.
func (im *importRun) checkDeleted() error {
	deleted := map[federation.Ref]bool{}
	for _, ref := range im.deleted {
		deleted[ref] = true
	}
	var found []tenancy.Detail
	for ref, r := range im.rows {
		for _, target := range r.targets {
			if deleted[target.Ref] {
				found = append(found, federation.StillReferenced(target.Ref, ref))
			}
		}
	}
	return federation.ReferenceError(tenancy.CodeReferenced, found, federation.BeforeDeletion)
}

// missingSecrets returns the references of items to secrets that the vault doesn't have.
func (im *importRun) missingSecrets(items []federation.Item) ([]federation.SecretUse, error) {
	im.data.mu.RLock()
	defer im.data.mu.RUnlock()
	var missing []federation.SecretUse
	for _, item := range items {
		found, err := im.s.kinds.SecretUses(item)
		if err != nil {
			return nil, err
		}
		for _, use := range found {
			if _, ok := im.data.secrets[use.Secret]; !ok {
				missing = append(missing, use)
			}
		}
	}
	slices.SortFunc(missing, federation.SecretUse.Compare)
	return missing, nil
}
