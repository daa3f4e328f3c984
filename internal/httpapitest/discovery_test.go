package httpapitest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type discovery struct {
	Tenant     struct{ Slug, Name string }
	Agents     []map[string]any
	MCPServers []map[string]any `json:"mcp_servers"`
	NextCursor string           `json:"next_cursor"`
}

func TestDiscoveryShowsChosenFieldsOfTheResolvedTenant(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/agents/a",
		`{"labels":{"l":"v"},"spec":{"description":"d","endpoint":"https://x","own":1}}`)
	reg.Put(t, "/api/v1/agents/b", `{"spec":{}}`)
	reg.Put(t, "/api/v1/mcp-servers/m", `{"spec":{"packages":[{"x":1}],"remotes":[]}}`)
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/agents/theirs", `{"spec":{}}`)).Want(t, 201)

	got := apitest.Decode[discovery](t, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/discovery")).
		Want(t, 200))
	assert.Equal(t, "acme", got.Tenant.Slug)
	assert.Equal(t, "ACME", got.Tenant.Name)
	assert.Equal(t, []map[string]any{{"name": "a", "description": "d", "endpoint": "https://x"},
		{"name": "b"}}, got.Agents)
	assert.Equal(t, []map[string]any{
		{"name": "m", "packages": []any{map[string]any{"x": 1.0}}, "remotes": []any{}}},
		got.MCPServers)
	assert.Empty(t, got.NextCursor)

	reg.Do(t, apitest.Get("root", "/api/v1/discovery")).WantProblem(t, 400, tenancy.CodeNoTenant)
	reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/discovery", Host: "beta.registry.test"}).
		Want(t, 200)
	reg.Do(t, apitest.Get("acme-replicator", "/api/v1/discovery")).
		WantProblem(t, 403, tenancy.CodeForbidden)
}

func TestDiscoveryPagesAllListsWithOneCursor(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	var agents, servers []string
	for i := range 7 {
		agents = append(agents, fmt.Sprintf("a%d", i))
		reg.Put(t, "/api/v1/agents/"+agents[i], `{"spec":{}}`)
	}
	for i := range 3 {
		servers = append(servers, fmt.Sprintf("m%d", i))
		reg.Put(t, "/api/v1/mcp-servers/"+servers[i], `{"spec":{}}`)
	}
	var seenAgents, seenServers []string
	cursor, pages := "", 0
	for done := false; !done; pages++ {
		got := apitest.Decode[discovery](t,
			reg.Do(t, apitest.Get("acme-viewer", "/api/v1/discovery?limit=2"+cursor)).Want(t, 200))
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
