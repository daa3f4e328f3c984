package main

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

	"github.com/bailiwick-go/bailiwick/federation"
)

func TestConcurrentClientsOfTwoTenantsSeeOwnRowsOnly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	tenants := []caller{s.tenant(t), s.tenant(t)}
	for _, c := range tenants {
		c.put(t, "prompt", "shared", map[string]any{"template": c.tenant})
	}
	const clients, rounds = 20, 8
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			c, other := tenants[client%2], tenants[1-client%2]
			for round := range rounds {
				client := client / 2 // so that both tenants have the same names
				name := fmt.Sprintf("agent %d", (client+round)%5)
				c.put(t, "agent", name, map[string]any{"description": c.tenant,
					"prompts": []string{"shared"}}, "tenant", c.tenant)
				c.put(t, "prompt", fmt.Sprintf("own %d", client),
					map[string]any{"template": c.tenant})
				for _, path := range []string{"/api/v1/agents", resource("prompt", "shared"),
					c.tenantPath() + "/export?kind=agent", "/api/v1/discovery"} {
					got := string(c.get(t, path).hasStatus(t, http.StatusOK).body)
					assert.NotContains(t, got, other.tenant)
				}
			}
		})
	}
	all.Wait()
	for _, c := range tenants {
		require.Equal(t, []string{"agent 0", "agent 1", "agent 2", "agent 3", "agent 4"},
			c.names(t, "/api/v1/agents", url.Values{}))
		require.Len(t, c.names(t, "/api/v1/prompts", url.Values{}), clients/2+1)
		total := int64(0)
		for _, name := range c.names(t, "/api/v1/agents", url.Values{}) {
			total += decode[struct{ Version int64 }](t, c.get(t, resource("agent", name))).Version
		}
		require.EqualValues(t, clients/2*rounds, total, "a write was lost")
	}
}

func TestConcurrentImportsIntoOneTenantAreSerialized(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c, bystander := s.tenant(t), s.tenant(t)
	before := bystander.export(t)
	const imports = 8
	bundles := make([][]byte, imports)
	for i := range bundles {
		var items []federation.Item
		for n := range 50 {
			items = append(items, item("agent", fmt.Sprintf("a%02d", n),
				fmt.Sprintf(`{"description":"of %d","extends":"a%02d"}`, i, 49-n)))
		}
		bundles[i] = makeBundle(t, items...)
	}
	var all sync.WaitGroup
	for _, bundle := range bundles {
		all.Go(func() {
			got := c.importBundle(t, bundle, "?strategy=overwrite")
			assert.Equal(t, http.StatusOK, got.status, "%s", got.body)
		})
	}
	all.Wait()
	// The result is that of the last import: it wrote every item.
	final := string(c.get(t, c.tenantPath()+"/export?kind=agent").hasStatus(t, http.StatusOK).body)
	last := regexp.MustCompile(`"of \d"`).FindString(final)
	require.Equal(t, 50, strings.Count(final, last))
	require.Equal(t, 50, strings.Count(final, fmt.Sprintf(`"version":%d}`, imports)))
	require.Equal(t, string(before), string(bystander.export(t)))
}

func TestImportIsAtomicAmongConcurrentWriters(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.tenant(t)
	var items []federation.Item
	for n := range 100 {
		items = append(items, item("prompt", fmt.Sprintf("p%02d", n), `{"template":"imported"}`))
	}
	bundle := makeBundle(t, items...)
	var all sync.WaitGroup
	for writer := range 4 {
		all.Go(func() {
			for n := range 25 {
				c.put(t, "prompt", fmt.Sprintf("p%02d", (n*7+writer*25)%100),
					map[string]any{"template": "written"})
			}
		})
	}
	applied := 0
	for range 5 {
		got := c.importBundle(t, bundle, "?strategy=overwrite")
		if got.status == http.StatusOK {
			applied++
			continue
		}
		got.isProblem(t, http.StatusConflict, "target_changed")
	}
	all.Wait()
	written := strings.Count(string(c.export(t)), `"template":"written"`)
	imported := strings.Count(string(c.export(t)), `"template":"imported"`)
	if applied > 0 {
		require.Equal(t, 100, written+imported)
	} else {
		require.Zero(t, imported)
	}
}
