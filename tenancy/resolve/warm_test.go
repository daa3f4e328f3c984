package resolve_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

var warm = map[string]resolve.Sources{
	"host and header slug": {Host: "acme.localhost:8080", Headers: []string{"acme"}},
	"host and header id":   {Host: "acme.localhost:8080", Headers: []string{acme.ID.String()}},
	"all four": {Host: "acme.localhost:8080", Headers: []string{"acme"},
		Path: acme.ID.String(), Key: acme.ID},
}

// Not parallel: AllocsPerRun counts what the whole process allocates.
func TestWarmResolutionAllocatesNothing(t *testing.T) {
	for name, sources := range warm {
		t.Run(name, func(t *testing.T) {
			r := resolve.New(allTenants(), resolve.Options{})
			ctx := t.Context()
			allocs := testing.AllocsPerRun(1000, func() {
				_, err := r.Resolve(ctx, sources)
				require.NoError(t, err)
			})
			assert.Zero(t, allocs)
		})
	}
}

func TestWarmResolutionForACallerAllocatesNothing(t *testing.T) {
	for name, by := range map[string]tenancy.Principal{"a key": keyOf(acme),
		"a member of two": user(acme, globex), "the platform": platform,
		"an anonymous caller": anonymous} {
		t.Run(name, func(t *testing.T) {
			r := resolve.New(allTenants(), resolve.Options{})
			ctx := t.Context()
			allocs := testing.AllocsPerRun(1000, func() {
				_, err := r.ResolveFor(ctx, by,
					resolve.Sources{Host: "acme.localhost:8080", Path: "acme"})
				require.NoError(t, err)
			})
			assert.Zero(t, allocs)
		})
	}
}

func TestFromRequestAllocatesNothing(t *testing.T) {
	r := resolve.New(allTenants(), resolve.Options{})
	req := request("acme.localhost", "127.0.0.1:4711", map[string][]string{"X-Tenant-Id": {"acme"}})
	assert.Zero(t, testing.AllocsPerRun(1000, func() { r.FromRequest(req) }))
}

func BenchmarkResolveWarm(b *testing.B) {
	for name, sources := range warm {
		b.Run(name, func(b *testing.B) {
			r := resolve.New(allTenants(), resolve.Options{})
			ctx := b.Context()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Resolve(ctx, sources); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
