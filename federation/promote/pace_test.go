package promote_test

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// eofReader records that a client's bundle was read to its end.
type eofReader struct {
	r    io.Reader
	done bool
}

func (e *eofReader) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.done = e.done || err == io.EOF
	return n, err
}

// watchedTransfers calls began when an import reaches the store.
type watchedTransfers struct {
	ports.Transfers
	began func()
}

func (w watchedTransfers) Import(
	ctx context.Context, tenant tenancy.ID, fn func(ports.Import) error,
) error {
	w.began()
	return w.Transfers.Import(ctx, tenant, fn)
}

func TestImportReadsTheWholeBundleBeforeItReachesTheStore(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	bundle := &eofReader{r: bytes.NewReader(raw)}
	services, reached := r.services, 0
	services.Transfers = watchedTransfers{services.Transfers, func() {
		reached++
		assert.True(t, bundle.done, "the store waits for the client")
	}}
	report, err := promote.New(services).Import(t.Context(), target.ID, bundle, overwrite)
	require.NoError(t, err)
	require.NoError(t, report.Close())
	assert.Equal(t, 1, reached)
}

func TestInvalidBundleNeverReachesTheStore(t *testing.T) {
	t.Parallel()
	r, target, raw := hostileTarget(t)
	services := r.services
	services.Transfers = watchedTransfers{services.Transfers,
		func() { t.Error("an invalid bundle reached the store") }}
	service := promote.New(services)
	for range 50 {
		broken := bytes.Clone(raw)
		broken[rand.IntN(len(broken))] = 0
		for _, text := range [][]byte{broken, raw[:rand.IntN(len(raw))]} {
			_, err := service.Import(t.Context(), target.ID, bytes.NewReader(text), overwrite)
			require.Error(t, err)
		}
	}
}

// hostileReader is a text of hostileBytes: start, and then part again and again.
type hostileReader struct {
	io.Reader
	heap  *sharedHeap
	count int
}

func newHostileReader(start, part string, heap *sharedHeap) *hostileReader {
	block := strings.Repeat(part, 64<<10/len(part))
	readers := []io.Reader{strings.NewReader(start)}
	for range hostileBytes / len(block) {
		readers = append(readers, strings.NewReader(block))
	}
	return &hostileReader{Reader: io.MultiReader(readers...), heap: heap}
}

func (h *hostileReader) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if h.count += n; h.count > 16<<20 || err != nil {
		h.count = 0
		h.heap.measureLocked()
	}
	return n, err
}

// sharedHeap is a heap that several goroutines measure.
type sharedHeap struct {
	mu sync.Mutex
	*heap
}

func (h *sharedHeap) measureLocked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.measure()
}

// TestMemoryOfParallelHostileImportsIsBounded isn't parallel, because it measures the heap of
// the process.
func TestMemoryOfParallelHostileImportsIsBounded(t *testing.T) {
	const item = `{"format_version":1,"items":[{`
	for name, c := range map[string]struct{ start, part string }{
		"white space":      {``, " \n\t\r"},
		"a name":           {item + `"name":"`, "n"},
		"a number":         {item + `"version":`, "1"},
		"escape sequences": {item + `"spec":{"x":"`, `\u0041`},
		"empty labels":     {item + `"labels":{`, `"":"",`},
		"empty arrays":     {item + `"spec":{"x":[`, "[],"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			target := r.tenant("target")
			memory := &sharedHeap{heap: newHeap()}
			var clients sync.WaitGroup
			for range 8 {
				clients.Go(func() {
					_, err := r.service.Import(t.Context(), target.ID,
						newHostileReader(c.start, c.part, memory), overwrite)
					assert.Error(t, err)
				})
			}
			clients.Wait()
			assert.Less(t, memory.growth(), int64(128<<20))
		})
	}
}

func TestTemporarySpaceIsSharedByTenants(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme, globex := r.tenant("acme"), r.tenant("globex")
	for _, tenant := range []tenancy.Tenant{acme, globex} {
		r.put(tenant, "maker", "m", `{"description":"`+strings.Repeat("x", 600_000)+`"}`)
	}
	service := promote.NewLimited(r.services, promote.Limits{Disk: 4 << 20})

	held, err := service.Export(t.Context(), acme, ports.Selection{})
	require.NoError(t, err)
	_, err = service.Export(t.Context(), acme, ports.Selection{})
	var refused *tenancy.Error
	require.ErrorAs(t, err, &refused, "a quarter of the space isn't enough for two")
	assert.Equal(t, tenancy.CodeUnavailable, refused.Code)
	assert.Positive(t, refused.Members["retry_after"])

	other, err := service.Export(t.Context(), globex, ports.Selection{})
	require.NoError(t, err, "another tenant has its own part")
	require.NoError(t, other.Close())
	require.NoError(t, held.Close())
	again, err := service.Export(t.Context(), acme, ports.Selection{})
	require.NoError(t, err, "closing an export frees its space")
	require.NoError(t, again.Close())

	r.put(acme, "maker", "n", `{"description":"`+strings.Repeat("x", 600_000)+`"}`)
	_, err = service.Export(t.Context(), acme, ports.Selection{})
	assert.Equal(t, tenancy.CodeTooLarge, tenancy.CodeOf(err), "no later try would succeed")
}

func TestOpenExportsOfOneTenantAreLimited(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	acme, globex := r.tenant("acme"), r.tenant("globex")
	var held []*promote.Exported
	var err error
	for err == nil && len(held) < 1000 {
		var e *promote.Exported
		if e, err = r.service.Export(t.Context(), acme, ports.Selection{}); err == nil {
			held = append(held, e)
		}
	}
	require.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
	require.Greater(t, len(held), 24, "slow readers that a tenant may have")
	other, err := r.service.Export(t.Context(), globex, ports.Selection{})
	require.NoError(t, err)
	require.NoError(t, other.Close())
	for _, e := range held {
		require.NoError(t, e.Close())
	}
	r.export(acme)
}
