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
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func purgeOf(slug, confirm string) ask {
	return ask{as: "root", method: "POST", path: "/api/v1/tenants/" + slug + "/purge",
		body: `{"confirm":"` + confirm + `"}`}
}

func TestOnlyADeletedTenantIsPurgedAndOnlyByItsSlug(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, purgeOf("acme", "acme")).refused(t, 409, "invalid_state")
	w.do(t, purgeOf("default", "default")).refused(t, 409, "invalid_state")
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/acme"}).ok(t, 204)
	for _, confirm := range []string{"", "beta", "ACME", "acme ", w.tenants["acme"].ID.String()} {
		got := w.do(t, purgeOf("acme", confirm))
		got.refused(t, 422, "invalid")
		require.Contains(t, string(got.body), `"/confirm"`)
	}
	for _, caller := range []string{"acme-admin", "acme-viewer"} {
		a := purgeOf("acme", "acme")
		a.as = caller
		w.do(t, a).refused(t, 401, "unauthenticated") // its keys have stopped
	}
	other := purgeOf("acme", "acme")
	other.as = "beta-admin"
	w.do(t, other).refused(t, 400, "tenant_mismatch")
	own := purgeOf("beta", "beta")
	own.as = "beta-admin"
	w.do(t, own).refused(t, 403, "forbidden")
	w.do(t, ask{as: "root", path: "/api/v1/tenants/acme"}).ok(t, 200)

	got := w.do(t, purgeOf("acme", "acme"))
	got.ok(t, 200)
	var certificate struct {
		TenantID string `json:"tenant_id"`
		Slug     string
		Rows     map[string]int64
	}
	require.NoError(t, json.Unmarshal(got.body, &certificate))
	require.Equal(t, w.tenants["acme"].ID.String(), certificate.TenantID)
	require.Equal(t, "acme", certificate.Slug)
	require.EqualValues(t, 4, certificate.Rows["keys"])
}

func TestNothingInheritsFromAPurgedTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 3 {
		w.do(t, ask{as: "acme-editor", method: "PUT", path: fmt.Sprintf("/api/v1/prompts/p%d", i),
			body: aPrompt}).ok(t, 201)
		w.do(t, ask{as: "beta-editor", method: "PUT", path: fmt.Sprintf("/api/v1/prompts/p%d", i),
			body: aPrompt}).ok(t, 201)
	}
	var page struct {
		Next string `json:"next_cursor"`
	}
	require.NoError(t, json.Unmarshal(
		w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?limit=1"}).body, &page))
	require.NotEmpty(t, page.Next)
	old := w.tenants["acme"].ID.String()
	unknown := w.do(t, ask{as: "root", path: "/api/v1/tenants/" + tenancy.NewID().String()})
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/acme"}).ok(t, 204)
	w.do(t, purgeOf("acme", "acme")).ok(t, 200)

	for _, ref := range []string{"acme", old} {
		for _, method := range []string{"GET", "DELETE", "POST /restore", "POST /purge",
			"GET /keys"} {
			a := ask{as: "root", path: "/api/v1/tenants/" + ref}
			if _, err := fmt.Sscanf(method, "%s %s", &a.method, new(string)); err == nil {
				a.path += method[len(a.method)+1:]
			}
			if method == "POST /purge" {
				a.body = `{"confirm":"acme"}`
			}
			got := w.do(t, a)
			got.refused(t, 404, "tenant_not_found")
			require.Equal(t, withoutID(t, unknown.body), withoutID(t, got.body), "%s of %s", method,
				ref)
		}
		w.do(t, ask{as: "root", tenant: ref, path: "/api/v1/prompts"}).
			refused(t, 404, "tenant_not_found")
		w.do(t, ask{as: "acme-admin", tenant: ref, path: "/api/v1/prompts"}).
			refused(t, 401, "unauthenticated")
	}
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).refused(t, 401, "unauthenticated")
	w.do(t, ask{as: "beta-viewer", path: "/api/v1/prompts?limit=1&cursor=" + page.Next}).
		refused(t, 400, "invalid_cursor")
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"acme","name":"Heir"}`}).refused(t, 409, "slug_taken")
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"heir","name":"Heir"}`}).ok(t, 201)
	w.do(t, ask{as: "root", tenant: "heir", path: "/api/v1/prompts?limit=1&cursor=" + page.Next}).
		refused(t, 400, "invalid_cursor")
	w.do(t, ask{as: "beta-viewer", path: "/api/v1/prompts/p0"}).ok(t, 200)
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

func TestQuotasAreASuperAdminsToSet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const quotas = `{"quotas":{"resources":{"prompt":1},"requests_per_second":100}}`
	put := func(as, body string) got {
		return w.do(t, ask{as: as, method: "PUT", path: "/api/v1/tenants/acme", body: body})
	}
	for _, body := range []string{quotas, `{"quotas":{}}`,
		`{"name":"Acme","quotas":{"resources":{"prompt":1000000}}}`} {
		put("acme-admin", body).refused(t, 403, "forbidden")
	}
	put("root", quotas).ok(t, 200)
	got := w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme"})
	require.Contains(t, string(got.body),
		`"quotas":{"resources":{"prompt":1},"requests_per_second":100}`)
	put("acme-admin", `{"name":"Renamed"}`).ok(t, 200)
	require.Contains(t, string(w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme"}).body),
		`"resources":{"prompt":1}`)

	w.do(t, ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/a", body: aPrompt}).
		ok(t, 201)
	refused := w.do(t, ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/b",
		body: aPrompt})
	refused.refused(t, 403, "quota_exceeded")
	require.Contains(t, string(refused.body), `"kind":"prompt","limit":1`)
	w.do(t, ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/a", body: aPrompt}).
		ok(t, 200)
	w.do(t, ask{as: "beta-editor", method: "PUT", path: "/api/v1/prompts/b", body: aPrompt}).
		ok(t, 201)

	for _, bad := range []string{
		`{"quotas":{"resources":{"prompt":-1}}}`, `{"quotas":{"resources":{"no_kind":1}}}`,
		`{"quotas":{"resources":{"defaults":1}}}`,
		`{"quotas":{"requests_per_second":-1}}`, `{"quotas":{"requests_per_second":1e9}}`,
	} {
		got := put("root", bad)
		got.refused(t, 422, "invalid")
		require.Contains(t, string(got.body), `"/quotas/`, bad)
	}
	put("root", `{"quotas":{"disk":1}}`).refused(t, 422, "unknown_field")
	put("root", `{"quotas":{}}`).ok(t, 200)
	require.NotContains(t, string(w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme"}).
		body), "quotas")
}

func TestATenantThatAsksTooFastIsToldWhenToGoOn(t *testing.T) {
	t.Parallel()
	now := time.Now()
	w := newWorld(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	set := func(perSecond string) {
		w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/tenants/acme",
			body: `{"quotas":{"requests_per_second":` + perSecond + `}}`}).ok(t, 200)
	}
	list := func(as string) got {
		return w.do(t, ask{as: as, tenant: "acme", path: "/api/v1/prompts"})
	}
	set("0.25")
	list("acme-viewer").ok(t, 200)
	slow := list("acme-editor")
	slow.refused(t, 429, "too_many_requests")
	require.Equal(t, "4", slow.header.Get("Retry-After"))
	w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/keys"}).
		refused(t, 429, "too_many_requests")

	list("root").ok(t, 200) // whoever sets the quota gets in
	w.do(t, ask{as: "beta-viewer", path: "/api/v1/prompts"}).ok(t, 200)
	list("beta-viewer").refused(t, 400, "tenant_mismatch") // and takes none of acme's
	list("").refused(t, 401, "unauthenticated")

	now = now.Add(4 * time.Second)
	list("acme-viewer").ok(t, 200)
	list("acme-viewer").refused(t, 429, "too_many_requests")
	set("10")
	list("acme-viewer").refused(t, 429, "too_many_requests") // the new quota counts from here on
	now = now.Add(time.Second)
	for range 10 {
		list("acme-viewer").ok(t, 200)
	}
	list("acme-viewer").refused(t, 429, "too_many_requests")
	set("0")
	for range 20 {
		list("acme-viewer").ok(t, 200)
	}
}

func TestARotatedKeyWorksOnForAsLongAsItIsTold(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	w := newWorld(t, func(o *httpapi.Options) { o.Clock = func() time.Time { return now } })
	const keys = "/api/v1/tenants/acme/keys"
	type made struct {
		ID, Secret, Name, Role string
		ExpiresAt              string `json:"expires_at"`
	}
	read := func(g got) (m made) {
		g.ok(t, 201)
		require.NoError(t, json.Unmarshal(g.body, &m))
		return m
	}
	rotate := func(as, id, body string) got {
		return w.do(t, ask{as: as, method: "POST", path: keys + "/" + id + "/rotate", body: body})
	}
	works := func(secret string, status int) {
		w.tokens["rotated"] = secret
		w.do(t, ask{as: "rotated", path: "/api/v1/prompts"}).ok(t, status)
	}
	old := read(w.do(t, ask{as: "acme-admin", method: "POST", path: keys,
		body: `{"name":"ci","role":"viewer"}`}))
	next := read(rotate("acme-admin", old.ID, `{"overlap":"2h"}`))
	require.Equal(t, "ci", next.Name)
	require.Equal(t, "viewer", next.Role)
	require.Empty(t, next.ExpiresAt)
	require.NotEqual(t, old.Secret, next.Secret)
	works(old.Secret, 200)
	works(next.Secret, 200)
	rotate("acme-admin", old.ID, `{}`).refused(t, 409, "invalid_state")

	var listed struct {
		Items []struct {
			ID        string
			Prefix    string
			RotatedTo string         `json:"rotated_to"`
			CreatedBy map[string]any `json:"created_by"`
		}
	}
	list := w.do(t, ask{as: "acme-admin", path: keys})
	require.NoError(t, json.Unmarshal(list.body, &listed))
	for _, k := range listed.Items {
		if k.ID == old.ID {
			require.Equal(t, old.Secret[:12], k.Prefix)
			require.Equal(t, next.ID, k.RotatedTo)
			require.Equal(t, "key", k.CreatedBy["kind"])
		}
	}
	require.NotContains(t, string(list.body), next.Secret[12:])

	now = now.Add(2 * time.Hour)
	works(old.Secret, 401)
	works(next.Secret, 200)
	last := read(rotate("acme-admin", next.ID, `{"overlap":"0s"}`))
	works(next.Secret, 401)
	works(last.Secret, 200)

	for _, overlap := range []string{"-1s", "721h", "soon", "", "24"} {
		got := rotate("acme-admin", last.ID, `{"overlap":`+strconv.Quote(overlap)+`}`)
		got.refused(t, 422, "invalid")
		require.Contains(t, string(got.body), `"/overlap"`)
	}
	for _, as := range []string{"acme-viewer", "acme-editor", "acme-replicator"} {
		rotate(as, last.ID, `{}`).refused(t, 403, "forbidden")
	}
	rotate("beta-admin", last.ID, `{}`).refused(t, 400, "tenant_mismatch")
	w.do(t, ask{as: "beta-admin", method: "POST", path: "/api/v1/tenants/beta/keys/" + last.ID +
		"/rotate", body: `{}`}).refused(t, 404, "not_found")
	rotate("acme-admin", "nonsense", `{}`).refused(t, 404, "not_found")
	works(last.Secret, 200)
}

func TestAKeyIsOfItsTenantAloneAfterEveryCacheIsWarm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/v1/prompts"
	for range 3 {
		for _, tenant := range []string{"acme", "beta"} {
			w.do(t, ask{as: tenant + "-admin", path: path}).ok(t, http.StatusOK)
			w.do(t, ask{as: tenant + "-admin", tenant: w.tenants[tenant].ID.String(), path: path}).
				ok(t, http.StatusOK)
			w.do(t, ask{as: tenant + "-admin", path: "/api/v1/tenants/" + tenant}).
				ok(t, http.StatusOK)
		}
		for _, ref := range []string{"beta", w.tenants["beta"].ID.String()} {
			w.do(t, ask{as: "acme-admin", tenant: ref, path: path}).
				refused(t, 400, "tenant_mismatch")
			w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/" + ref + "/keys"}).
				refused(t, 400, "tenant_mismatch")
		}
	}
}
