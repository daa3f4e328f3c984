package promote_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	specBytes   = 400
	heapAllowed = 6 << 20 // for a bundle of about 12 MB
)

// The memory of export and import doesn't grow with the bundle. This test isn't
// parallel, because it measures the heap of the process.
func TestMemoryDoesNotGrowWithTheBundle(t *testing.T) {
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		strategy promote.Strategy
		current  func(i int) bool // whether the target has the i-th item
		changed  func(i int) bool // whether it has it with other content
		want     promote.Counts
	}{
		"into an empty tenant": {promote.Fail, never, never, promote.Counts{Create: generated}},
		"every other overwrite": {promote.Overwrite, always, odd,
			promote.Counts{Update: generated / 2, Unchanged: generated / 2}},
		"all fail": {promote.Fail, always, always, promote.Counts{Fail: generated}},
	} {
		t.Run(name, func(t *testing.T) {
			tenants := memory.New(kinds, memory.Options{}).Services().Tenants
			heap := newHeap()
			service := promote.New(ports.Services{
				Kinds: kinds, Instance: tenancy.NewID().String(), Tenants: tenants,
				Transfers: generatorTransfers{
					generator{t: t, heap: heap, fail: c.want.Fail > 0, current: c.current,
						changed: c.changed}},
			})
			exported, err := service.Export(t.Context(),
				tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme"}, ports.Selection{})
			require.NoError(t, err)
			defer exported.Close()
			require.Equal(t, generated, exported.Count)
			require.Greater(t, exported.Size, int64(generated*specBytes))

			bundle, pipe := io.Pipe()
			go func() {
				_, err := exported.WriteTo(pipe)
				pipe.CloseWithError(err)
			}()
			report, err := service.Import(t.Context(), tenancy.DefaultID, bundle,
				promote.Options{Strategy: c.strategy, DryRun: c.want.Fail > 0})
			require.NoError(t, err)
			defer report.Close()
			require.Equal(t, c.want, report.Counts)
			_, err = report.WriteTo(io.Discard)
			require.NoError(t, err)
			heap.measure()
			require.Less(t, heap.growth(), int64(heapAllowed))
		})
	}
}

func always(int) bool { return true }
func never(int) bool  { return false }
func odd(i int) bool  { return i%2 == 1 }

// heap measures the maximum size of the live heap.
type heap struct{ before, maximum uint64 }

func newHeap() *heap {
	h := new(heap)
	h.measure()
	h.before = h.maximum
	return h
}

func (h *heap) measure() {
	var stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&stats)
	h.maximum = max(h.maximum, stats.HeapAlloc)
}

func (h *heap) growth() int64 { return int64(h.maximum - h.before) }

// generator is a store that keeps nothing: it generates each item on request.
type generator struct {
	t                testing.TB
	heap             *heap
	fail             bool // changed items must not be written
	current, changed func(i int) bool
}

func (g generator) item(i int, text string) federation.Item {
	item := federation.Item{
		Ref: federation.Ref{Kind: "maker", Name: fmt.Sprintf("m%06d", i)},
		Spec: json.RawMessage(fmt.Sprintf(`{"description":"%s %s"}`, text,
			strings.Repeat("x", specBytes))),
		Version: 1, UpdatedAt: time.Unix(int64(i), 0),
	}
	sealed, err := item.Seal()
	require.NoError(g.t, err)
	return sealed
}

// each calls do for every number, and measures the heap every 2000 numbers.
func (g generator) each(do func(i int) error) error {
	for i := range generated {
		if i%2000 == 1999 {
			g.heap.measure()
		}
		if err := do(i); err != nil {
			return err
		}
	}
	return nil
}

// generatorTransfers exports the generator's items and imports into it.
type generatorTransfers struct{ generator }

func (g generatorTransfers) Import(
	_ context.Context, _ tenancy.ID, fn func(ports.Import) error,
) error {
	return fn(g.generator)
}

func (g generatorTransfers) Export(
	_ context.Context, _ tenancy.ID, _ ports.Selection, yield func(federation.Item) error,
) error {
	return g.each(func(i int) error { return yield(g.item(i, "bundle")) })
}

func (g generator) Exists(context.Context, federation.Ref) (bool, error) { return false, nil }

func (g generator) Describe(map[string]any) {}

func (g generator) StageMissing(context.Context, ports.Selection) error { return nil }

func (g generator) Renames(context.Context) (map[federation.Ref]string, error) {
	return map[federation.Ref]string{}, nil
}

func (g generator) Stage(
	_ context.Context, _ federation.Source, items iter.Seq2[federation.Item, error],
) error {
	staged := 0
	for _, err := range items {
		if err != nil {
			return err
		}
		if staged++; staged%2000 == 0 {
			g.heap.measure()
		}
	}
	return nil
}

func (g generator) Compare(_ context.Context, yield func(ports.Pair) error) error {
	return g.each(func(i int) error {
		pair := ports.Pair{Incoming: g.item(i, "bundle")}
		if g.current(i) {
			text := "bundle"
			if g.changed(i) {
				text = "target"
			}
			current := g.item(i, text)
			pair.Current = &current
		}
		return yield(pair)
	})
}

func (g generator) Decide(
	ctx context.Context, decide func(ports.Pair) (ports.Decision, error),
) error {
	i := -1
	return g.Compare(ctx, func(pair ports.Pair) error {
		i++
		decision, err := decide(pair)
		want := !g.current(i) || g.changed(i) && !g.fail
		if err == nil && decision.Write != want {
			return fmt.Errorf("item %d: Write is %v", i, decision.Write)
		}
		return err
	})
}

func (g generator) Apply(context.Context) ([]federation.SecretUse, error) { return nil, nil }
