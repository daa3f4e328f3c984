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
	s      *Store
	tenant tenancy.ID
	data   *tenantData
	rows   map[federation.Ref]row // the tenant's rows after the import
	staged map[federation.Ref]federation.Item

	decided []federation.Item // what Apply writes
	kept    []federation.Item // the target's items that the decisions leave as they are
	applied bool              // only an applied import has an audit entry
	details map[string]any    // of the audit entry
}

var _ ports.Import = (*importRun)(nil)

func (im *importRun) Stage(ctx context.Context, items iter.Seq2[federation.Item, error]) error {
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

func (im *importRun) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	for _, ref := range im.refs() {
		if err := checkContext(ctx); err != nil {
			return err
		}
		pair := ports.Pair{Incoming: copyItem(im.staged[ref])}
		if stored, ok := im.rows[ref]; ok {
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
	return stored || staged, nil
}

func (im *importRun) Decide(
	ctx context.Context, decide func(ports.Pair) (ports.Decision, error),
) error {
	var decided, kept []federation.Item
	written := map[federation.Ref]bool{}
	err := im.Compare(ctx, func(pair ports.Pair) error {
		decision, err := decide(pair)
		if err != nil {
			return err
		}
		ref := decision.Item.Ref
		if pair.Current != nil && (!decision.Write || ref != pair.Current.Ref) {
			kept = append(kept, *pair.Current)
		}
		if !decision.Write {
			return nil
		}
		if _, staged := im.staged[ref]; written[ref] || staged && ref != pair.Incoming.Ref {
			return federation.RenameCollision(ref)
		}
		written[ref] = true
		decided = append(decided, copyItem(decision.Item))
		return nil
	})
	if err != nil {
		return err
	}
	im.decided, im.kept = decided, kept
	return nil
}

func (im *importRun) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	im.applied = true
	var written []row
	for _, item := range im.decided {
		if err := checkContext(ctx); err != nil {
			return nil, err
		}
		r, err := im.write(item)
		if err != nil {
			return nil, err
		}
		written = append(written, r)
	}
	if err := im.checkReferences(written); err != nil {
		return nil, err
	}
	if err := im.s.checkCycles(written, maps.Values(im.rows), federation.Ref.Pointer); err != nil {
		return nil, err
	}
	if err := im.checkQuotas(); err != nil {
		return nil, err
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
