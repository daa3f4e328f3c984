package callers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestReferrersAreListedPageByPage(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/a%2Fb", apitest.PromptBody)
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/prompts/a%2Fb", apitest.PromptBody)).Want(t, 201)
	body := `{"spec":{"prompts":["a/b"]}}`
	for _, name := range []string{"z%2Fy", "x", "m"} {
		reg.Put(t, "/api/v1/agents/"+name, body)
	}
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/agents/betas", body)).Want(t, 201)
	path := "/api/v1/prompts/a%2Fb/referrers"
	for _, limit := range []string{"1", "2", "3"} {
		assert.Equal(t, []string{"m", "x", "z/y"},
			reg.Pages(t, apitest.Get("acme-viewer", path+"?limit="+limit), "name"))
	}
	assert.Equal(t, []string{"betas"}, reg.Pages(t, apitest.Get("beta-viewer", path), "name"))
	assert.Empty(t, reg.Pages(t, apitest.Get("acme-viewer", "/api/v1/agents/x/referrers"), "name"))

	cursor := apitest.NextCursor(t, reg.Do(t, apitest.Get("acme-viewer", path+"?limit=1")))
	for _, other := range []string{"/api/v1/agents/x/referrers", "/api/v1/agents"} {
		reg.Do(t, apitest.Get("acme-viewer", other+"?cursor="+cursor)).
			WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
	reg.Do(t, apitest.Get("beta-viewer", path+"?cursor="+cursor)).
		WantProblem(t, 400, tenancy.CodeInvalidCursor)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/unknown/referrers")).
		WantProblem(t, 404, tenancy.CodeNotFound)
	reg.Do(t, apitest.Get("acme-viewer", path+"?limit=0")).WantProblem(t, 422, tenancy.CodeInvalid)
}

func TestUsageCountsEachKindNextToItsQuota(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme",
		`{"quotas":{"resources":{"prompt":5,"agent":0}}}`)).Want(t, 200)
	reg.Put(t, "/api/v1/prompts/a", apitest.PromptBody)
	reg.Put(t, "/api/v1/prompts/b", apitest.PromptBody)
	type usage struct {
		Count int64
		Limit *int64
	}
	get := func(tenant string) map[string]usage {
		return apitest.Decode[struct{ Resources map[string]usage }](t, reg.Do(t, apitest.Get(
			tenant+"-viewer", "/api/v1/tenants/"+tenant+"/usage")).Want(t, 200)).Resources
	}
	five, none := int64(5), int64(0)
	assert.Equal(t, map[string]usage{"prompt": {2, &five}, "agent": {0, &none}, "defaults": {1, nil},
		"mcp_server": {}, "model_config": {}, "trust_rule": {}}, get("acme"))
	assert.Equal(t, usage{}, get("beta")["prompt"])
}

func TestUsageStopsAtTenThousandOrAHigherQuota(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range 10_001 {
		_, _, err := reg.Services.Resources.Put(t.Context(), reg.Tenants["acme"].ID,
			federation.Item{Ref: federation.Ref{Kind: "agent", Name: fmt.Sprint("a", i)},
				Spec: json.RawMessage(`{}`)}, ports.Condition{})
		require.NoError(t, err)
	}
	get := func() string {
		answer := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/usage")).Want(t, 200)
		return string(apitest.Decode[struct{ Resources map[string]json.RawMessage }](
			t, answer).Resources["agent"])
	}
	quota := func(n int) {
		reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme",
			fmt.Sprintf(`{"quotas":{"resources":{"agent":%d}}}`, n))).Want(t, 200)
	}
	assert.JSONEq(t, `{"count":10000,"more":true}`, get())
	quota(3)
	assert.JSONEq(t, `{"count":10000,"more":true,"limit":3}`, get())
	quota(10_001)
	assert.JSONEq(t, `{"count":10001,"limit":10001}`, get(), "exact up to the quota")
}
