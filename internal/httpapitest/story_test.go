package httpapitest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestEveryOperationSucceedsOnce calls each operation of the document with
// success, so that no route and no schema of a success stays unseen.
func TestEveryOperationSucceedsOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	for _, path := range []string{"/livez", "/readyz", "/api/v1/openapi.json"} {
		w.do(t, ask{path: path}).ok(t, 200)
	}
	w.furnish(t)
	for _, kind := range []string{"agents/base", "prompts/hello", "mcp-servers/weather",
		"model-configs/gpt", "trust-rules/r", "defaults/default"} {
		w.do(t, ask{as: "acme-viewer", path: "/api/v1/" + kind}).ok(t, 200)
		list, _, _ := strings.Cut(kind, "/")
		assert.NotEmpty(t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/" + list}).ok(t, 200).
			names(t))
	}
	bundle := w.export(t, "acme", "").body
	w.importInto(t, "beta", "", bundle).ok(t, 200)
	w.do(t, ask{as: "acme-admin", method: "PUT", path: "/api/v1/tenants/acme/secrets/s",
		body: `{"value":"v"}`}).ok(t, 204)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/discovery"}).ok(t, 200)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/me"}).ok(t, 200)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants"}).ok(t, 200)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme"}).ok(t, 200)
	w.do(t, ask{as: "acme-admin", method: "PUT", path: "/api/v1/tenants/acme", body: `{}`}).
		ok(t, 200)
	w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/keys"}).ok(t, 200)
	key := read[keySeen](t, w.do(t,
		ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys",
			body: `{"name":"k","role":"viewer"}`}).ok(t, 201))
	w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys/" + key.ID +
		"/rotate", body: `{}`}).ok(t, 201)
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: "/api/v1/tenants/acme/keys/" + key.ID}).
		ok(t, 204)
	for _, path := range []string{"trust-rules/r", "agents/io.github%2Fx", "agents/base",
		"prompts/hello", "mcp-servers/weather"} {
		w.do(t, ask{as: "acme-editor", method: "DELETE", path: "/api/v1/" + path}).ok(t, 204)
	}
	w.put(t, "/api/v1/defaults/default", `{"spec":{}}`)
	w.do(t, ask{as: "acme-editor", method: "DELETE", path: "/api/v1/model-configs/gpt"}).ok(t, 204)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"gamma","name":"n"}`}).ok(t, 201)
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/gamma"}).ok(t, 204)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/gamma/restore"}).ok(t, 200)
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/gamma"}).ok(t, 204)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/gamma/purge",
		body: `{"confirm":"gamma"}`}).ok(t, 200)
	w.managePeople(t)

	w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/audit"}).ok(t, 200)
	w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/audit/export"}).ok(t, 200)
	w.do(t, ask{as: "root", path: "/api/v1/audit"}).ok(t, 200)

	w.sessionsOnce(t)

	// A singleton can't be deleted: the only operation that never succeeds.
	assert.Equal(t, []string{"deleteDefaults"}, w.document.Unused())
}

// TestFiftyClientsAtOnceSeeTheirOwnTenantOnly mixes readers and writers of two
// tenants over the same names.
func TestFiftyClientsAtOnceSeeTheirOwnTenantOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var failed atomic.Int64
	var clients sync.WaitGroup
	for n := range 50 {
		tenant := []string{"acme", "beta"}[n%2]
		clients.Go(func() {
			for i := range 10 {
				path := fmt.Sprintf("/api/v1/prompts/p%d", i)
				body := fmt.Sprintf(`{"labels":{"of":%q},"spec":{"template":%q}}`, tenant, tenant)
				put := w.send(t, ask{as: tenant + "-editor", method: "PUT", path: path, body: body})
				list := w.send(t, ask{as: tenant + "-viewer", path: "/api/v1/prompts"})
				foreign := map[string]string{"acme": "beta", "beta": "acme"}[tenant]
				if put.status/100 != 2 || list.status != 200 ||
					strings.Contains(string(list.body), foreign) {
					failed.Add(1)
				}
			}
		})
	}
	clients.Wait()
	assert.Zero(t, failed.Load())
}

// send is do for goroutines other than the test's.
func (w *world) send(t *testing.T, a ask) got {
	res, err := w.client.Do(w.request(context.Background(), t, a))
	if err != nil {
		t.Error(err)
		return got{}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return got{res.StatusCode, res.Header, body}
}

func TestOneOfManyConcurrentCreatorsWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var created, refused atomic.Int64
	var clients sync.WaitGroup
	for range 20 {
		clients.Go(func() {
			g := w.send(t, ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/x",
				body: aPrompt, header: map[string]string{"If-None-Match": "*"}})
			switch g.status {
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
