package httpapitest_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

// TestEveryOperationSucceedsOnce calls each operation of the document successfully, so
// that every route and every schema of a success is checked.
func TestEveryOperationSucceedsOnce(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	for _, path := range []string{"/livez", "/readyz", "/api/v1/openapi.json", "/api/v1/instance"} {
		reg.Do(t, apitest.Get("", path)).Want(t, 200)
	}
	putOneOfEachKind(t, reg)
	for _, kind := range []string{"agents/base", "prompts/hello", "mcp-servers/weather",
		"model-configs/gpt", "trust-rules/r", "defaults/default"} {
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/"+kind)).Want(t, 200)
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/"+kind+"/referrers")).Want(t, 200)
		list, _, _ := strings.Cut(kind, "/")
		assert.NotEmpty(t, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/"+list)).Want(t, 200).
			Names(t))
	}
	bundle := exportBundle(t, reg, "acme", "").Body
	importBundle(t, reg, "beta", "", bundle).Want(t, 200)
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme/secrets/s", `{"value":"v"}`)).
		Want(t, 204)
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/secrets")).Want(t, 200)
	reg.Do(t, apitest.Delete("acme-admin", "/api/v1/tenants/acme/secrets/s")).Want(t, 204)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/discovery")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/usage")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/me")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/me/memberships")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/me")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme")).Want(t, 200)
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme", `{}`)).Want(t, 200)
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/keys")).Want(t, 200)
	key := apitest.Decode[ApiKey](t,
		reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
			`{"name":"k","role":"viewer"}`)).Want(t, 201))
	reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys/"+key.ID+"/rotate", `{}`)).
		Want(t, 201)
	reg.Do(t, apitest.Delete("acme-admin", "/api/v1/tenants/acme/keys/"+key.ID)).Want(t, 204)
	for _, path := range []string{"trust-rules/r", "agents/io.github%2Fx", "agents/base",
		"prompts/hello", "mcp-servers/weather"} {
		reg.Do(t, apitest.Delete("acme-editor", "/api/v1/"+path)).Want(t, 204)
	}
	reg.Put(t, "/api/v1/defaults/default", `{"spec":{}}`)
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/model-configs/gpt")).Want(t, 204)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants", `{"slug":"gamma","name":"n"}`)).Want(t, 201)
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/gamma")).Want(t, 204)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants/gamma/restore", "")).Want(t, 200)
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/gamma")).Want(t, 204)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants/gamma/purge", `{"confirm":"gamma"}`)).
		Want(t, 200)
	callUserOperations(t, reg)

	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/audit")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/audit/export")).Want(t, 200)
	reg.Do(t, apitest.Get("root", "/api/v1/audit")).Want(t, 200)

	callSessionOperations(t, reg)

	// The only operation that never succeeds: a singleton can't be deleted.
	assert.Equal(t, []string{"deleteDefaults"}, reg.Document.Unused())
}

// TestFiftyConcurrentClientsSeeOnlyTheirTenant has clients of two tenants read and write
// resources with the same names.
func TestFiftyConcurrentClientsSeeOnlyTheirTenant(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	var failed atomic.Int64
	var clients sync.WaitGroup
	for n := range 50 {
		tenant := []string{"acme", "beta"}[n%2]
		clients.Go(func() {
			for i := range 10 {
				path := fmt.Sprintf("/api/v1/prompts/p%d", i)
				body := fmt.Sprintf(`{"labels":{"of":%q},"spec":{"template":%q}}`, tenant, tenant)
				put := reg.Send(t, apitest.Put(tenant+"-editor", path, body))
				list := reg.Send(t, apitest.Get(tenant+"-viewer", "/api/v1/prompts"))
				foreign := map[string]string{"acme": "beta", "beta": "acme"}[tenant]
				if put.Status/100 != 2 || list.Status != 200 ||
					strings.Contains(string(list.Body), foreign) {
					failed.Add(1)
				}
			}
		})
	}
	clients.Wait()
	assert.Zero(t, failed.Load())
}

func TestOneOfManyConcurrentCreatesSucceeds(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	var created, refused atomic.Int64
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			res := reg.Send(t, apitest.Request{As: "acme-editor", Method: "PUT",
				Path: "/api/v1/prompts/x",
				Body: apitest.PromptBody, Header: map[string]string{"If-None-Match": "*"}})
			switch res.Status {
			case http.StatusCreated:
				created.Add(1)
			case http.StatusPreconditionFailed:
				refused.Add(1)
			}
		})
	}
	clients.Wait()
	assert.Equal(t, int64(1), created.Load())
	assert.Equal(t, int64(19), refused.Load())
}
