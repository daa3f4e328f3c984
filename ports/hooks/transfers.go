package hooks

import (
	"context"
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// transfers calls a hook after each import, and holds the port as [tenants] does.
type transfers struct {
	next  ports.Transfers
	hooks Hooks
}

func (p transfers) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	return p.next.Export(ctx, tenant, sel, yield)
}

func (p transfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	var written []ResourceChange
	err := p.next.Import(ctx, tenant, func(imp ports.Import) error {
		run := &importRun{next: imp, tenant: tenant}
		err := fn(run)
		written = nil // of a run that the adapter repeats
		if run.applied {
			written = run.decided
		}
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range written {
		p.hooks.resourceChanged(ctx, c)
	}
	return nil
}

// importRun keeps what an import writes.
type importRun struct {
	next    ports.Import
	tenant  tenancy.ID
	decided []ResourceChange
	applied bool
}

func (r *importRun) Stage(
	ctx context.Context, from federation.Source, items iter.Seq2[federation.Item, error],
) error {
	return r.next.Stage(ctx, from, items)
}

func (r *importRun) StageMissing(ctx context.Context, sel ports.Selection) error {
	return r.next.StageMissing(ctx, sel)
}

func (r *importRun) Renames(ctx context.Context) (map[federation.Ref]string, error) {
	return r.next.Renames(ctx)
}

func (r *importRun) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	return r.next.Compare(ctx, yield)
}

func (r *importRun) Exists(ctx context.Context, ref federation.Ref) (bool, error) {
	return r.next.Exists(ctx, ref)
}

func (r *importRun) Decide(
	ctx context.Context, decide func(ports.Pair) (ports.Decision, error),
) error {
	r.decided = nil
	var renamed []int // places in decided
	err := r.next.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
		d, err := decide(pair)
		if err != nil || !d.Write {
			return d, err
		}
		if pair.Missing {
			if pair.Current != nil {
				r.decided = append(r.decided, ResourceChange{Tenant: r.tenant, Action: Deleted,
					Ref: pair.Target})
			}
			return d, nil
		}
		if d.Item.Ref != pair.Target {
			renamed = append(renamed, len(r.decided))
			pair.Current = nil
		}
		r.decided = append(r.decided, r.change(pair, d.Item))
		return d, nil
	})
	if err != nil {
		return err
	}
	return r.markOverwritten(ctx, renamed)
}

// markOverwritten corrects the changes of renamed items whose new name the target has.
func (r *importRun) markOverwritten(ctx context.Context, renamed []int) error {
	for _, i := range renamed {
		exists, err := r.next.Exists(ctx, r.decided[i].Ref)
		if err != nil {
			return err
		}
		if exists {
			r.decided[i].Action, r.decided[i].Version = Changed, 0
		}
	}
	return nil
}

// change returns the change that a decision makes, with the version that [ports.Import.Apply]
// gives the item.
func (r *importRun) change(pair ports.Pair, item federation.Item) ResourceChange {
	c := ResourceChange{Tenant: r.tenant, Action: Created, Ref: item.Ref, Version: item.Version}
	if pair.Current == nil {
		return c
	}
	c.Action = Changed
	if !pair.Pristine && item.Version <= pair.Current.Version {
		c.Version = pair.Current.Version + 1
	}
	return c
}

func (r *importRun) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	missing, err := r.next.Apply(ctx)
	r.applied = err == nil
	return missing, err
}

func (r *importRun) Describe(details map[string]any) { r.next.Describe(details) }
