package portstest_test

import (
	"context"
	"errors"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type exportsBackwards struct{ ports.Transfers }

func (b exportsBackwards) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	var items []federation.Item
	err := b.Transfers.Export(ctx, tenant, sel, func(it federation.Item) error {
		items = append(items, it)
		return nil
	})
	if err != nil {
		return err
	}
	for _, it := range slices.Backward(items) {
		if err := yield(it); err != nil {
			return err
		}
	}
	return nil
}

type exportsWithoutSnapshot struct {
	ports.Transfers
	resources ports.Resources
}

func (b exportsWithoutSnapshot) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	return b.Transfers.Export(ctx, tenant, sel, func(it federation.Item) error {
		now, err := b.resources.Get(ctx, tenant, it.Ref)
		if err != nil {
			return nil
		}
		return yield(now.Item)
	})
}

// exportsOther exports another selection.
type exportsOther struct {
	ports.Transfers
	change func(*ports.Selection)
}

func (b exportsOther) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	b.change(&sel)
	return b.Transfers.Export(ctx, tenant, sel, yield)
}

// exportsMissingNames exports nothing if it misses a name.
type exportsMissingNames struct{ ports.Transfers }

func (b exportsMissingNames) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	err := b.Transfers.Export(ctx, tenant, sel, yield)
	if len(sel.Names) > 0 && tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return nil
	}
	return err
}

// followsOnce adds only what the selected items refer to themselves.
type followsOnce struct {
	ports.Transfers
	kinds *federation.Kinds
}

func (b followsOnce) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	near := map[federation.Ref]bool{}
	plain := sel
	plain.WithReferences = false
	err := b.Transfers.Export(ctx, tenant, plain, func(it federation.Item) error {
		targets, err := b.kinds.Targets(it)
		near[it.Ref] = true
		for _, t := range targets {
			near[t.Ref] = true
		}
		return err
	})
	if err != nil {
		return err
	}
	return b.Transfers.Export(ctx, tenant, sel, func(it federation.Item) error {
		if !near[it.Ref] {
			return nil
		}
		return yield(it)
	})
}

type keepsFailedImports struct{ ports.Transfers }

func (b keepsFailedImports) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	var failed error
	err := b.Transfers.Import(ctx, tenant, func(im ports.Import) error {
		failed = fn(im)
		return nil
	})
	if failed != nil {
		return failed
	}
	return err
}

// overlapsImports runs fn after its import has ended.
type overlapsImports struct{ ports.Transfers }

func (b overlapsImports) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	var late ports.Import
	err := b.Transfers.Import(ctx, tenant, func(im ports.Import) error {
		late = im
		return nil
	})
	if err != nil {
		return err
	}
	return fn(late)
}

// wrapsImport wraps each import in progress.
type wrapsImport struct {
	ports.Transfers
	wrap func(ports.Import) ports.Import
}

func (b wrapsImport) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	return b.Transfers.Import(ctx, tenant, func(im ports.Import) error { return fn(b.wrap(im)) })
}

type decideFunc = func(ports.Pair) (ports.Decision, error)

// decideWith changes the decisions of an import.
type decideWith struct {
	ports.Import
	change func(*ports.Decision)
}

func (b decideWith) Decide(ctx context.Context, decide decideFunc) error {
	return b.Import.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
		decision, err := decide(pair)
		b.change(&decision)
		return decision, err
	})
}

func resetVersions(im ports.Import) ports.Import {
	return decideWith{im, func(d *ports.Decision) { d.Item.Version = 1 }}
}

// writeLeftOut writes what was decided to be left out, if the decision names an item.
func writeLeftOut(im ports.Import) ports.Import {
	return decideWith{im, func(d *ports.Decision) { d.Write = d.Item.Name != "" }}
}

// decideTwice calls decide again for each item.
type decidesTwice struct{ ports.Import }

func decideTwice(im ports.Import) ports.Import { return decidesTwice{im} }

func (b decidesTwice) Decide(ctx context.Context, decide decideFunc) error {
	return b.Import.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
		if _, err := decide(pair); err != nil {
			return ports.Decision{}, err
		}
		return decide(pair)
	})
}

// decidesAlone decides without what the target has.
type decidesAlone struct{ ports.Import }

func decideAlone(im ports.Import) ports.Import { return decidesAlone{im} }

func (b decidesAlone) Decide(ctx context.Context, decide decideFunc) error {
	return b.Import.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
		return decide(ports.Pair{Incoming: pair.Incoming})
	})
}

// decidesOn goes on after an error and returns the last one.
type decidesOn struct{ ports.Import }

func decideOn(im ports.Import) ports.Import { return decidesOn{im} }

func (b decidesOn) Decide(ctx context.Context, decide decideFunc) error {
	var failed error
	err := b.Import.Decide(ctx, func(pair ports.Pair) (ports.Decision, error) {
		decision, err := decide(pair)
		failed = errors.Join(failed, err)
		return decision, nil
	})
	return errors.Join(failed, err)
}

// applyWith changes how an import applies.
type applyWith struct {
	ports.Import
	apply func(ctx context.Context, inner ports.Import) ([]federation.SecretUse, error)
}

func (b applyWith) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	return b.apply(ctx, b.Import)
}

func ignoreDangling(im ports.Import) ports.Import {
	return applyWith{im, func(
		ctx context.Context, inner ports.Import,
	) ([]federation.SecretUse, error) {
		uses, err := inner.Apply(ctx)
		if tenancy.CodeOf(err) == tenancy.CodeDanglingReference {
			return nil, nil
		}
		return uses, err
	}}
}

func reportNoSecrets(im ports.Import) ports.Import {
	return applyWith{im, func(
		ctx context.Context, inner ports.Import,
	) ([]federation.SecretUse, error) {
		_, err := inner.Apply(ctx)
		return nil, err
	}}
}

// appliesUndecided writes all staged items if nothing was decided.
type appliesUndecided struct {
	ports.Import
	decided *bool
}

func applyUndecided(im ports.Import) ports.Import { return appliesUndecided{im, new(bool)} }

func (b appliesUndecided) Decide(ctx context.Context, decide decideFunc) error {
	*b.decided = true
	return b.Import.Decide(ctx, decide)
}

func (b appliesUndecided) Apply(ctx context.Context) ([]federation.SecretUse, error) {
	if !*b.decided {
		if err := b.Import.Decide(ctx, writeIncoming); err != nil {
			return nil, err
		}
	}
	return b.Import.Apply(ctx)
}

// appliesAtOnce writes as soon as it has decided.
type appliesAtOnce struct{ ports.Import }

func applyAtOnce(im ports.Import) ports.Import { return appliesAtOnce{im} }

func (b appliesAtOnce) Decide(ctx context.Context, decide decideFunc) error {
	if err := b.Import.Decide(ctx, decide); err != nil {
		return err
	}
	_, err := b.Import.Apply(ctx)
	return err
}

func writeIncoming(pair ports.Pair) (ports.Decision, error) {
	return ports.Decision{Write: true, Item: pair.Incoming}, nil
}

// comparesOn goes on after an error of yield.
type comparesOn struct{ ports.Import }

func compareOn(im ports.Import) ports.Import { return comparesOn{im} }

func (b comparesOn) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	var failed error
	err := b.Import.Compare(ctx, func(pair ports.Pair) error {
		failed = errors.Join(failed, yield(pair))
		return nil
	})
	return errors.Join(failed, err)
}

// compareWith changes the pairs that Compare yields.
type compareWith struct {
	ports.Import
	change func([]ports.Pair)
}

func (b compareWith) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	var pairs []ports.Pair
	err := b.Import.Compare(ctx, func(pair ports.Pair) error {
		pairs = append(pairs, pair)
		return nil
	})
	b.change(pairs)
	for _, pair := range pairs {
		if err := yield(pair); err != nil {
			return err
		}
	}
	return err
}

func compareBackwards(im ports.Import) ports.Import {
	return compareWith{im, func(pairs []ports.Pair) { slices.Reverse(pairs) }}
}

func alwaysPristine(im ports.Import) ports.Import {
	return compareWith{im, func(pairs []ports.Pair) {
		for i := range pairs {
			pairs[i].Pristine = pairs[i].Incoming.Kind == "settings"
		}
	}}
}

type ignoresStaged struct{ ports.Import }

func ignoreStaged(im ports.Import) ports.Import { return ignoresStaged{im} }

func (b ignoresStaged) Exists(ctx context.Context, ref federation.Ref) (bool, error) {
	staged := false
	err := b.Compare(ctx, func(pair ports.Pair) error {
		staged = staged || pair.Incoming.Ref == ref && pair.Current == nil
		return nil
	})
	if staged || err != nil {
		return false, err
	}
	return b.Import.Exists(ctx, ref)
}
