package callers_test

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

func TestAuditLogIsFilteredByTarget(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, path := range []string{"prompts/a%2Fb", "prompts/other", "mcp-servers/a%2Fb"} {
		body := `{"spec":{"template":"x"}}`
		if path[0] == 'm' {
			body = `{"spec":{}}`
		}
		for _, tenant := range []string{"acme", "beta"} {
			reg.Do(t, apitest.Put(tenant+"-editor", "/api/v1/"+path, body)).Want(t, 201)
		}
	}
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/a%2Fb")).Want(t, 204)
	for query, want := range map[string][]string{
		"target_kind=prompt&target=" + url.QueryEscape("a/b"): {"resource.delete", "resource.create"},
		"target=" + url.QueryEscape("a/b"): {"resource.delete", "resource.create",
			"resource.create"},
		"target_kind=mcp_server":      {"resource.create"},
		"target_kind=prompt&target=a": {},
		"target=%27+OR+true+--":       {},
	} {
		assert.ElementsMatch(t, want, reg.Pages(t,
			apitest.Get("acme-admin", "/api/v1/tenants/acme/audit?limit=1&"+query), "action"), query)
	}
	assert.Len(t, reg.Pages(t, apitest.Get("root",
		"/api/v1/audit?target_kind=prompt&target=other"), "tenant_slug"), 2)
}
