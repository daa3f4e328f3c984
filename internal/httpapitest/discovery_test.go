package httpapitest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

type discoverySeen struct {
	Tenant     struct{ Slug, Name string }
	Agents     []map[string]any
	MCPServers []map[string]any `json:"mcp_servers"`
	NextCursor string           `json:"next_cursor"`
}

func TestDiscoveryShowsAFewFieldsOfTheResolvedTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/agents/a",
		`{"labels":{"l":"v"},"spec":{"description":"d","endpoint":"https://x","own":1}}`)
	w.put(t, "/api/v1/agents/b", `{"spec":{}}`)
	w.put(t, "/api/v1/mcp-servers/m", `{"spec":{"packages":[{"x":1}],"remotes":[]}}`)
	w.do(t, ask{as: "beta-editor", method: "PUT", path: "/api/v1/agents/theirs",
		body: `{"spec":{}}`}).ok(t, 201)

	got := read[discoverySeen](t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/discovery"}).
		ok(t, 200))
	assert.Equal(t, "acme", got.Tenant.Slug)
	assert.Equal(t, "ACME", got.Tenant.Name)
	assert.Equal(t, []map[string]any{{"name": "a", "description": "d", "endpoint": "https://x"},
		{"name": "b"}}, got.Agents)
	assert.Equal(t, []map[string]any{
		{"name": "m", "packages": []any{map[string]any{"x": 1.0}}, "remotes": []any{}}},
		got.MCPServers)
	assert.Empty(t, got.NextCursor)

	w.do(t, ask{as: "root", path: "/api/v1/discovery"}).refused(t, 400, tenancy.CodeNoTenant)
	w.do(t, ask{as: "root", path: "/api/v1/discovery", host: "beta.registry.test"}).ok(t, 200)
	w.do(t, ask{as: "acme-replicator", path: "/api/v1/discovery"}).
		refused(t, 403, tenancy.CodeForbidden)
}

func TestDiscoveryIsPagedAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var agents, servers []string
	for i := range 7 {
		agents = append(agents, fmt.Sprintf("a%d", i))
		w.put(t, "/api/v1/agents/"+agents[i], `{"spec":{}}`)
	}
	for i := range 3 {
		servers = append(servers, fmt.Sprintf("m%d", i))
		w.put(t, "/api/v1/mcp-servers/"+servers[i], `{"spec":{}}`)
	}
	var seenAgents, seenServers []string
	cursor, pages := "", 0
	for done := false; !done; pages++ {
		got := read[discoverySeen](t,
			w.do(t, ask{as: "acme-viewer", path: "/api/v1/discovery?limit=2" + cursor}).ok(t, 200))
		for _, a := range got.Agents {
			seenAgents = append(seenAgents, a["name"].(string))
		}
		for _, m := range got.MCPServers {
			seenServers = append(seenServers, m["name"].(string))
		}
		cursor, done = "&cursor="+got.NextCursor, got.NextCursor == ""
	}
	assert.True(t, slices.Equal(agents, seenAgents), "%v", seenAgents)
	assert.True(t, slices.Equal(servers, seenServers), "%v", seenServers)
	assert.Equal(t, 4, pages)
}
