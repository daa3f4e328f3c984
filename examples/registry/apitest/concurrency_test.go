package apitest

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/federation"
)

func TestConcurrentClientsOfTwoTenantsSeeOwnRowsOnly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenants := []harness.Caller{s.Tenant(t), s.Tenant(t)}
	for _, c := range tenants {
		c.Put(t, "prompt", "shared", map[string]any{"template": c.Tenant})
	}
	const clients, rounds = 20, 8
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			c, other := tenants[client%2], tenants[1-client%2]
			for round := range rounds {
				client := client / 2 // so that both tenants have the same names
				name := fmt.Sprintf("agent %d", (client+round)%5)
				c.Put(t, "agent", name, map[string]any{
					"description": fmt.Sprintf("%s, client %d, round %d", c.Tenant, client, round),
					"prompts":     []string{"shared"}}, "tenant", c.Tenant)
				c.Put(t, "prompt", fmt.Sprintf("own %d", client),
					map[string]any{"template": c.Tenant})
				for _, path := range []string{
					"/api/v1/agents", harness.Resource("prompt", "shared"),
					c.TenantPath() + "/export?kind=agent", "/api/v1/discovery"} {
					got := string(c.Get(t, path).HasStatus(t, http.StatusOK).Body)
					assert.NotContains(t, got, other.Tenant)
				}
			}
		})
	}
	all.Wait()
	for _, c := range tenants {
		require.Equal(t, []string{"agent 0", "agent 1", "agent 2", "agent 3", "agent 4"},
			c.Names(t, "/api/v1/agents", url.Values{}))
		require.Len(t, c.Names(t, "/api/v1/prompts", url.Values{}), clients/2+1)
		total := int64(0)
		for _, name := range c.Names(t, "/api/v1/agents", url.Values{}) {
			total += harness.Decode[struct{ Version int64 }](t,
				c.Get(t, harness.Resource("agent", name))).Version
		}
		require.EqualValues(t, clients/2*rounds, total, "a write was lost")
	}
}

func TestConcurrentImportsIntoOneTenantAreSerialized(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, bystander := s.Tenant(t), s.Tenant(t)
	before := bystander.Export(t)
	const imports = 8
	bundles := make([][]byte, imports)
	for i := range bundles {
		var items []federation.Item
		for n := range 50 {
			extends := ""
			if n < 49 {
				extends = fmt.Sprintf(`,"extends":"a%02d"`, n+1)
			}
			items = append(items, item("agent", fmt.Sprintf("a%02d", n),
				fmt.Sprintf(`{"description":"of %d"%s}`, i, extends)))
		}
		bundles[i] = makeBundle(t, items...)
	}
	var all sync.WaitGroup
	for _, bundle := range bundles {
		all.Go(func() {
			got := c.ImportBundle(t, bundle, "?strategy=overwrite")
			assert.Equal(t, http.StatusOK, got.Status, "%s", got.Body)
		})
	}
	all.Wait()
	// The result is that of the last import: it wrote every item.
	final := string(c.Get(t, c.TenantPath()+"/export?kind=agent").HasStatus(t, http.StatusOK).Body)
	last := regexp.MustCompile(`"of \d"`).FindString(final)
	require.Equal(t, 50, strings.Count(final, last))
	require.Equal(t, 50, strings.Count(final, fmt.Sprintf(`"version":%d}`, imports)))
	require.Equal(t, string(before), string(bystander.Export(t)))
}

func TestImportIsAtomicAmongConcurrentWriters(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.Tenant(t)
	var items []federation.Item
	for n := range 100 {
		items = append(items, item("prompt", fmt.Sprintf("p%02d", n), `{"template":"imported"}`))
	}
	bundle := makeBundle(t, items...)
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() {
			for n := range 25 {
				c.Put(t, "prompt", fmt.Sprintf("p%02d", (n*7+writer*25)%100),
					map[string]any{"template": "written"})
			}
		})
	}
	applied := 0
	for range 5 {
		got := c.ImportBundle(t, bundle, "?strategy=overwrite")
		if got.Status == http.StatusOK {
			applied++
			continue
		}
		got.IsProblem(t, http.StatusConflict, "target_changed")
	}
	all.Wait()
	written := strings.Count(string(c.Export(t)), `"template":"written"`)
	imported := strings.Count(string(c.Export(t)), `"template":"imported"`)
	if applied > 0 {
		require.Equal(t, 100, written+imported)
	} else {
		require.Zero(t, imported)
	}
}
