package callers_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation/secrets"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type secretList struct {
	Items []map[string]json.RawMessage
}

func listSecrets(t *testing.T, reg *apitest.Registry, as, path string) secretList {
	t.Helper()
	res := reg.Do(t, apitest.Get(as, path)).Want(t, 200)
	assert.NotContains(t, string(res.Body), "canary")
	return apitest.Decode[secretList](t, res)
}

func TestSecretsAreListedWithTheirUsesAndWithoutTheirValues(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/tenants/acme/secrets"
	reg := apitest.New(t)
	assert.Empty(t, listSecrets(t, reg, "acme-admin", path).Items)
	reg.Put(t, "/api/v1/model-configs/gpt", `{"spec":{"api_key":"canary"}}`)
	reg.Put(t, "/api/v1/model-configs/x%2Fy", `{"spec":{"api_key":{"$secret":"missing"}}}`)
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/model-configs/betas",
		`{"spec":{"api_key":{"$secret":"missing"}}}`)).Want(t, 201)
	reg.Do(t, apitest.Put("acme-admin", path+"/unused", `{"value":"canary"}`)).Want(t, 204)

	found := listSecrets(t, reg, "acme-admin", path).Items
	require.Len(t, found, 3)
	text := func(item map[string]json.RawMessage) string {
		if at, has := item["updated_at"]; has {
			var parsed time.Time
			require.NoError(t, json.Unmarshal(at, &parsed))
			assert.WithinDuration(t, time.Now(), parsed, time.Hour)
			delete(item, "updated_at")
		}
		all, err := json.Marshal(item)
		require.NoError(t, err)
		return string(all)
	}
	assert.NotContains(t, found[0], "updated_at")
	assert.Contains(t, found[1], "updated_at")
	assert.JSONEq(t, `{"name":"missing","set":false,"used_by":
		[{"kind":"model_config","name":"x/y","path":"/spec/api_key"}]}`, text(found[0]))
	assert.JSONEq(t, `{"name":"model_config/gpt/api_key","set":true,"used_by":
		[{"kind":"model_config","name":"gpt","path":"/spec/api_key"}]}`, text(found[1]))
	assert.JSONEq(t, `{"name":"unused","set":true,"used_by":[]}`, text(found[2]))

	for _, limit := range []string{"1", "2", "3"} {
		assert.Equal(t, []string{"missing", "model_config/gpt/api_key", "unused"},
			reg.Pages(t, apitest.Get("acme-admin", path+"?limit="+limit), "name"))
	}
	cursor := apitest.NextCursor(t, reg.Do(t, apitest.Get("acme-admin", path+"?limit=1")))
	reg.Do(t, apitest.Get("beta-admin", "/api/v1/tenants/beta/secrets?cursor="+cursor)).
		WantProblem(t, 400, tenancy.CodeInvalidCursor)
	reg.Do(t, apitest.Get("acme-admin", path+"?value=true")).WantProblem(t, 422, tenancy.CodeInvalid)
}

func TestSecretOfManyUsesListsTheFirst(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range secrets.MaxUses + 1 {
		reg.Put(t, fmt.Sprintf("/api/v1/model-configs/m%02d", i),
			`{"spec":{"api_key":{"$secret":"shared"}}}`)
	}
	found := listSecrets(t, reg, "acme-admin", "/api/v1/tenants/acme/secrets").Items
	require.Len(t, found, 1)
	assert.Equal(t, "true", string(found[0]["more"]))
	var uses []struct{ Name string }
	require.NoError(t, json.Unmarshal(found[0]["used_by"], &uses))
	require.Len(t, uses, secrets.MaxUses)
	assert.Equal(t, "m19", uses[secrets.MaxUses-1].Name)
}

func TestUnsetSecretIsMissingWhereItIsUsed(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/tenants/acme/secrets"
	const one = path + "/model_config%2Fgpt%2Fapi_key"
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/model-configs/gpt", `{"spec":{"api_key":"canary"}}`)
	before := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/model-configs/gpt")).Want(t, 200).Body
	reg.Do(t, apitest.Delete("acme-editor", one)).WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Delete("beta-admin", one)).WantProblem(t, 400, tenancy.CodeTenantMismatch)
	reg.Do(t, apitest.Delete("acme-admin", path+"/%00")).WantProblem(t, 422, tenancy.CodeInvalid)
	reg.Do(t, apitest.Delete("acme-admin", one)).Want(t, 204)
	reg.Do(t, apitest.Delete("acme-admin", one)).WantProblem(t, 404, tenancy.CodeNotFound)
	found := listSecrets(t, reg, "acme-admin", path).Items
	require.Len(t, found, 1)
	assert.Equal(t, "false", string(found[0]["set"]))
	assert.Equal(t, before,
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/model-configs/gpt")).Want(t, 200).Body)
	log := reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/audit?action=secret.unset")).
		Want(t, 200).Body
	assert.Contains(t, string(log), "model_config/gpt/api_key")
}

func TestSecretsAreListedForAdminsOfTheirTenantOnly(t *testing.T) {
	t.Parallel()
	const path = "/api/v1/tenants/acme/secrets"
	reg := apitest.New(t)
	for _, as := range []string{"acme-viewer", "acme-editor"} {
		reg.Do(t, apitest.Get(as, path)).WantProblem(t, 403, tenancy.CodeForbidden)
	}
	reg.Do(t, apitest.Get("beta-admin", path)).WantProblem(t, 400, tenancy.CodeTenantMismatch)
	reg.Do(t, apitest.Get("", path)).WantProblem(t, 401, tenancy.CodeUnauthenticated)
}
