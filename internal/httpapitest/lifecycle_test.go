package httpapitest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func purgeRequest(slug, confirm string) apitest.Request {
	return apitest.Post("root", "/api/v1/tenants/"+slug+"/purge",
		`{"confirm":"`+confirm+`"}`)
}

func TestPurgeNeedsADeletedTenantAndItsSlug(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, purgeRequest("acme", "acme")).WantProblem(t, 409, "invalid_state")
	reg.Do(t, purgeRequest("default", "default")).WantProblem(t, 409, "invalid_state")
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/acme")).Want(t, 204)
	for _, confirm := range []string{"", "beta", "ACME", "acme ", reg.Tenants["acme"].ID.String()} {
		got := reg.Do(t, purgeRequest("acme", confirm))
		got.WantProblem(t, 422, "invalid")
		require.Contains(t, string(got.Body), `"/confirm"`)
	}
	for _, caller := range []string{"acme-admin", "acme-viewer"} {
		req := purgeRequest("acme", "acme")
		req.As = caller
		reg.Do(t, req).WantProblem(t, 401, "unauthenticated") // its keys no longer work
	}
	other := purgeRequest("acme", "acme")
	other.As = "beta-admin"
	reg.Do(t, other).WantProblem(t, 400, "tenant_mismatch")
	own := purgeRequest("beta", "beta")
	own.As = "beta-admin"
	reg.Do(t, own).WantProblem(t, 403, "forbidden")
	reg.Do(t, apitest.Get("root", "/api/v1/tenants/acme")).Want(t, 200)

	got := reg.Do(t, purgeRequest("acme", "acme"))
	got.Want(t, 200)
	var certificate struct {
		TenantID string `json:"tenant_id"`
		Slug     string
		Rows     map[string]int64
	}
	require.NoError(t, json.Unmarshal(got.Body, &certificate))
	require.Equal(t, reg.Tenants["acme"].ID.String(), certificate.TenantID)
	require.Equal(t, "acme", certificate.Slug)
	require.EqualValues(t, 4, certificate.Rows["keys"])
}

func TestPurgedTenantLeavesNothing(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range 3 {
		reg.Do(t, apitest.Put("acme-editor", fmt.Sprintf("/api/v1/prompts/p%d", i),
			apitest.PromptBody)).Want(t, 201)
		reg.Do(t, apitest.Put("beta-editor", fmt.Sprintf("/api/v1/prompts/p%d", i),
			apitest.PromptBody)).Want(t, 201)
	}
	var page struct {
		Next string `json:"next_cursor"`
	}
	require.NoError(t, json.Unmarshal(
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?limit=1")).Body, &page))
	require.NotEmpty(t, page.Next)
	old := reg.Tenants["acme"].ID.String()
	unknown := reg.Do(t, apitest.Get("root", "/api/v1/tenants/"+tenancy.NewID().String()))
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/acme")).Want(t, 204)
	reg.Do(t, purgeRequest("acme", "acme")).Want(t, 200)

	for _, ref := range []string{"acme", old} {
		for _, method := range []string{"GET", "DELETE", "POST /restore", "POST /purge",
			"GET /keys"} {
			req := apitest.Get("root", "/api/v1/tenants/"+ref)
			if _, err := fmt.Sscanf(method, "%s %s", &req.Method, new(string)); err == nil {
				req.Path += method[len(req.Method)+1:]
			}
			if method == "POST /purge" {
				req.Body = `{"confirm":"acme"}`
			}
			got := reg.Do(t, req)
			got.WantProblem(t, 404, "tenant_not_found")
			require.Equal(t, withoutID(t, unknown.Body), withoutID(t, got.Body), "%s of %s", method,
				ref)
		}
		reg.Do(t, apitest.Request{As: "root", Tenant: ref, Path: "/api/v1/prompts"}).
			WantProblem(t, 404, "tenant_not_found")
		reg.Do(t, apitest.Request{As: "acme-admin", Tenant: ref, Path: "/api/v1/prompts"}).
			WantProblem(t, 401, "unauthenticated")
	}
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).WantProblem(t, 401, "unauthenticated")
	reg.Do(t, apitest.Get("beta-viewer", "/api/v1/prompts?limit=1&cursor="+page.Next)).
		WantProblem(t, 400, "invalid_cursor")
	reg.Do(t, apitest.Post("root", "/api/v1/tenants", `{"slug":"acme","name":"Heir"}`)).
		WantProblem(t, 409, "slug_taken")
	reg.Do(t, apitest.Post("root", "/api/v1/tenants", `{"slug":"heir","name":"Heir"}`)).Want(t, 201)
	reg.Do(t, apitest.Request{As: "root", Tenant: "heir", Path: "/api/v1/prompts?limit=1&cursor=" +
		page.Next}).
		WantProblem(t, 400, "invalid_cursor")
	reg.Do(t, apitest.Get("beta-viewer", "/api/v1/prompts/p0")).Want(t, 200)
}

func withoutID(t *testing.T, body []byte) string {
	t.Helper()
	var members map[string]any
	require.NoError(t, json.Unmarshal(body, &members))
	delete(members, "request_id")
	text, err := json.Marshal(members)
	require.NoError(t, err)
	return string(text)
}

func TestOnlySuperAdminsSetQuotas(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	const quotas = `{"quotas":{"resources":{"prompt":1},"requests_per_second":100}}`
	put := func(as, body string) apitest.Response {
		return reg.Do(t, apitest.Put(as, "/api/v1/tenants/acme", body))
	}
	for _, body := range []string{quotas, `{"quotas":{}}`,
		`{"name":"Acme","quotas":{"resources":{"prompt":1000000}}}`} {
		put("acme-admin", body).WantProblem(t, 403, "forbidden")
	}
	put("root", quotas).Want(t, 200)
	got := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme"))
	require.Contains(t, string(got.Body),
		`"quotas":{"resources":{"prompt":1},"requests_per_second":100}`)
	put("acme-admin", `{"name":"Renamed"}`).Want(t, 200)
	require.Contains(t, string(reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme")).Body),
		`"resources":{"prompt":1}`)

	reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/a", apitest.PromptBody)).Want(t, 201)
	refused := reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/b", apitest.PromptBody))
	refused.WantProblem(t, 403, "quota_exceeded")
	require.Contains(t, string(refused.Body), `"kind":"prompt","limit":1`)
	reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/a", apitest.PromptBody)).Want(t, 200)
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/prompts/b", apitest.PromptBody)).Want(t, 201)

	for _, bad := range []string{
		`{"quotas":{"resources":{"prompt":-1}}}`, `{"quotas":{"resources":{"no_kind":1}}}`,
		`{"quotas":{"resources":{"defaults":1}}}`,
		`{"quotas":{"requests_per_second":-1}}`, `{"quotas":{"requests_per_second":1e9}}`,
	} {
		got := put("root", bad)
		got.WantProblem(t, 422, "invalid")
		require.Contains(t, string(got.Body), `"/quotas/`, bad)
	}
	put("root", `{"quotas":{"disk":1}}`).WantProblem(t, 422, "unknown_field")
	put("root", `{"quotas":{}}`).Want(t, 200)
	require.NotContains(t, string(reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme")).
		Body), "quotas")
}

func TestRequestAboveTheQuotaGetsRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Now()
	reg := apitest.New(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	set := func(perSecond string) {
		reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme", `{"quotas":{"requests_per_second":`+
			perSecond+`}}`)).Want(t, 200)
	}
	list := func(as string) apitest.Response {
		return reg.Do(t, apitest.Request{As: as, Tenant: "acme", Path: "/api/v1/prompts"})
	}
	set("0.25")
	list("acme-viewer").Want(t, 200)
	slow := list("acme-editor")
	slow.WantProblem(t, 429, "too_many_requests")
	require.Equal(t, "4", slow.Header.Get("Retry-After"))
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/keys")).
		WantProblem(t, 429, "too_many_requests")

	list("root").Want(t, 200) // the quota doesn't apply to super-admins
	reg.Do(t, apitest.Get("beta-viewer", "/api/v1/prompts")).Want(t, 200)
	list("beta-viewer").WantProblem(t, 400, "tenant_mismatch") // and doesn't use acme's quota
	list("").WantProblem(t, 401, "unauthenticated")

	now = now.Add(4 * time.Second)
	list("acme-viewer").Want(t, 200)
	list("acme-viewer").WantProblem(t, 429, "too_many_requests")
	set("10")
	// The new quota applies from here on.
	list("acme-viewer").WantProblem(t, 429, "too_many_requests")
	now = now.Add(time.Second)
	for range 10 {
		list("acme-viewer").Want(t, 200)
	}
	list("acme-viewer").WantProblem(t, 429, "too_many_requests")
	set("0")
	for range 20 {
		list("acme-viewer").Want(t, 200)
	}
}

func TestRotatedKeyWorksDuringTheOverlap(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	reg := apitest.New(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	const keys = "/api/v1/tenants/acme/keys"
	type made struct {
		ID, Secret, Name, Role string
		ExpiresAt              string `json:"expires_at"`
	}
	read := func(res apitest.Response) (m made) {
		res.Want(t, 201)
		require.NoError(t, json.Unmarshal(res.Body, &m))
		return m
	}
	rotate := func(as, id, body string) apitest.Response {
		return reg.Do(t, apitest.Post(as, keys+"/"+id+"/rotate", body))
	}
	works := func(secret string, status int) {
		reg.Tokens["rotated"] = secret
		reg.Do(t, apitest.Get("rotated", "/api/v1/prompts")).Want(t, status)
	}
	old := read(reg.Do(t, apitest.Post("acme-admin", keys, `{"name":"ci","role":"viewer"}`)))
	next := read(rotate("acme-admin", old.ID, `{"overlap":"2h"}`))
	require.Equal(t, "ci", next.Name)
	require.Equal(t, "viewer", next.Role)
	require.Empty(t, next.ExpiresAt)
	require.NotEqual(t, old.Secret, next.Secret)
	works(old.Secret, 200)
	works(next.Secret, 200)
	rotate("acme-admin", old.ID, `{}`).WantProblem(t, 409, "invalid_state")

	var listed struct {
		Items []struct {
			ID        string
			Prefix    string
			RotatedTo string         `json:"rotated_to"`
			CreatedBy map[string]any `json:"created_by"`
		}
	}
	list := reg.Do(t, apitest.Get("acme-admin", keys))
	require.NoError(t, json.Unmarshal(list.Body, &listed))
	for _, k := range listed.Items {
		if k.ID == old.ID {
			require.Equal(t, old.Secret[:12], k.Prefix)
			require.Equal(t, next.ID, k.RotatedTo)
			require.Equal(t, "key", k.CreatedBy["kind"])
		}
	}
	require.NotContains(t, string(list.Body), next.Secret[12:])

	now = now.Add(2 * time.Hour)
	works(old.Secret, 401)
	works(next.Secret, 200)
	last := read(rotate("acme-admin", next.ID, `{"overlap":"0s"}`))
	works(next.Secret, 401)
	works(last.Secret, 200)

	for _, overlap := range []string{"-1s", "721h", "soon", "", "24"} {
		got := rotate("acme-admin", last.ID, `{"overlap":`+strconv.Quote(overlap)+`}`)
		got.WantProblem(t, 422, "invalid")
		require.Contains(t, string(got.Body), `"/overlap"`)
	}
	for _, as := range []string{"acme-viewer", "acme-editor", "acme-replicator"} {
		rotate(as, last.ID, `{}`).WantProblem(t, 403, "forbidden")
	}
	rotate("beta-admin", last.ID, `{}`).WantProblem(t, 400, "tenant_mismatch")
	reg.Do(t, apitest.Post("beta-admin", "/api/v1/tenants/beta/keys/"+last.ID+"/rotate", `{}`)).
		WantProblem(t, 404, "not_found")
	rotate("acme-admin", "nonsense", `{}`).WantProblem(t, 404, "not_found")
	works(last.Secret, 200)
}

func TestKeyWorksOnlyInItsTenantWithWarmCaches(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	const path = "/api/v1/prompts"
	for range 3 {
		for _, tenant := range []string{"acme", "beta"} {
			reg.Do(t, apitest.Get(tenant+"-admin", path)).Want(t, http.StatusOK)
			reg.Do(t, apitest.Request{As: tenant + "-admin",
				Tenant: reg.Tenants[tenant].ID.String(), Path: path}).
				Want(t, http.StatusOK)
			reg.Do(t, apitest.Get(tenant+"-admin", "/api/v1/tenants/"+tenant)).
				Want(t, http.StatusOK)
		}
		for _, ref := range []string{"beta", reg.Tenants["beta"].ID.String()} {
			reg.Do(t, apitest.Request{As: "acme-admin", Tenant: ref, Path: path}).
				WantProblem(t, 400, "tenant_mismatch")
			reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/"+ref+"/keys")).
				WantProblem(t, 400, "tenant_mismatch")
		}
	}
}
