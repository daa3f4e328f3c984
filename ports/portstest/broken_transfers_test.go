package portstest_test

import (
	"context"
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

type ignoresLabels struct{ ports.Transfers }

func (b ignoresLabels) Export(
	ctx context.Context, tenant tenancy.ID, sel ports.Selection, yield func(federation.Item) error,
) error {
	sel.Labels = nil
	return b.Transfers.Export(ctx, tenant, sel, yield)
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

type decideFunc = func(federation.Item) (ports.Decision, error)

// applyWith changes how an import applies.
type applyWith struct {
	ports.Import
	apply func(ctx context.Context, inner ports.Import, decide decideFunc) ([]federation.SecretUse,
		error)
}

func (b applyWith) Apply(ctx context.Context, decide decideFunc) ([]federation.SecretUse, error) {
	return b.apply(ctx, b.Import, decide)
}

func resetVersions(im ports.Import) ports.Import {
	return applyWith{im, func(ctx context.Context, inner ports.Import,
		decide decideFunc) ([]federation.SecretUse, error) {
		return inner.Apply(ctx, func(it federation.Item) (ports.Decision, error) {
			decision, err := decide(it)
			decision.Item.Version = 1
			return decision, err
		})
	}}
}

func ignoreDangling(im ports.Import) ports.Import {
	return applyWith{im, func(ctx context.Context, inner ports.Import,
		decide decideFunc) ([]federation.SecretUse, error) {
		uses, err := inner.Apply(ctx, decide)
		if tenancy.CodeOf(err) == tenancy.CodeDanglingReference {
			return nil, nil
		}
		return uses, err
	}}
}

func reportNoSecrets(im ports.Import) ports.Import {
	return applyWith{im, func(ctx context.Context, inner ports.Import,
		decide decideFunc) ([]federation.SecretUse, error) {
		_, err := inner.Apply(ctx, decide)
		return nil, err
	}}
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
