package promote_test

import (
	"context"
	"fmt"
	"iter"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// brokenExport yields one item and then fails.
type brokenExport struct {
	ports.Transfers
	err error
}

func (b brokenExport) Export(
	_ context.Context, _ tenancy.ID, _ ports.Selection, yield func(federation.Item) error,
) error {
	sealed, err := item("maker", "ada", `{}`).Seal()
	if err != nil {
		return err
	}
	if err := yield(sealed); err != nil {
		return err
	}
	return b.err
}

// unfitExport yields this number of items whose times no bundle can carry.
type unfitExport struct {
	ports.Transfers
	items int
}

func (u unfitExport) Export(
	_ context.Context, _ tenancy.ID, _ ports.Selection, yield func(federation.Item) error,
) error {
	for i := range u.items {
		unfit := item("maker", fmt.Sprintf("m%03d", i), `{}`)
		unfit.Version = 1
		if err := yield(unfit); err != nil {
			return err
		}
	}
	return nil
}

// counts are the numbers of calls of an import's methods.
type counts struct{ exists, compares, decides int }

// countingTransfers counts the calls of an import's methods.
type countingTransfers struct {
	ports.Transfers
	counts *counts
}

func (c countingTransfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	return c.Transfers.Import(ctx, tenant,
		func(imp ports.Import) error { return fn(countingImport{imp, c.counts}) })
}

type countingImport struct {
	ports.Import
	counts *counts
}

func (c countingImport) Exists(ctx context.Context, ref federation.Ref) (bool, error) {
	c.counts.exists++
	return c.Import.Exists(ctx, ref)
}

func (c countingImport) Compare(ctx context.Context, yield func(ports.Pair) error) error {
	c.counts.compares++
	return c.Import.Compare(ctx, yield)
}

func (c countingImport) Decide(
	ctx context.Context, decide func(ports.Pair) (ports.Decision, error),
) error {
	c.counts.decides++
	return c.Import.Decide(ctx, decide)
}

// lazyTransfers stages only the first item and returns no error.
type lazyTransfers struct{ ports.Transfers }

func (l lazyTransfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	return l.Transfers.Import(ctx, tenant,
		func(imp ports.Import) error { return fn(lazyImport{imp}) })
}

type lazyImport struct{ ports.Import }

func (l lazyImport) Stage(
	ctx context.Context, from federation.Source, items iter.Seq2[federation.Item, error],
) error {
	return l.Import.Stage(ctx, from, func(yield func(federation.Item, error) bool) {
		for item, err := range items {
			yield(item, err)
			return
		}
	})
}
