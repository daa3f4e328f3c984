package isolation_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newWithSameItems starts a registry in which acme and beta have prompts, agents and
// keys with the same names, all of version 1.
func newWithSameItems(t *testing.T, changes ...apitest.Option) *apitest.Registry {
	t.Helper()
	reg := apitest.New(t, changes...)
	for _, tenant := range []string{"acme", "beta"} {
		for _, name := range []string{"a", "b", "c"} {
			body := `{"spec":{"template":"` + tenant + `"}}`
			reg.Do(t, apitest.Put(tenant+"-editor", "/api/v1/prompts/"+name, body)).Want(t, 201)
			reg.Do(t, apitest.Put(tenant+"-editor", "/api/v1/agents/"+name, `{"spec":{}}`)).
				Want(t, 201)
		}
	}
	return reg
}

// TestCursorIsRefusedInAnotherTenant sends a cursor of every list of acme to the same
// list of beta.
func TestCursorIsRefusedInAnotherTenant(t *testing.T) {
	t.Parallel()
	reg := newWithSameItems(t)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/agents", "/api/v1/discovery",
		"/api/v1/tenants/acme/keys"} {
		for _, root := range []bool{false, true} {
			req, b := apitest.Get("acme-admin", path),
				apitest.Get("beta-admin", strings.Replace(path, "acme", "beta", 1))
			if root {
				req.As, req.Host, b.As, b.Host = "root", "acme.registry.test", "root",
					"beta.registry.test"
			}
			req.Path, b.Path = req.Path+"?limit=1", b.Path+"?limit=1"
			cursor := "&cursor=" + apitest.NextCursor(t, reg.Do(t, req).Want(t, 200))
			apitest.NextCursor(t, reg.Do(t, b).Want(t, 200)) // beta has another page too
			req.Path, b.Path = req.Path+cursor, b.Path+cursor
			reg.Do(t, req).Want(t, 200)
			reg.Do(t, b).WantProblem(t, 400, tenancy.CodeInvalidCursor)
		}
	}
}

// A super-admin manages deleted tenants, which resolution doesn't find.
func TestCursorOfDeletedTenantIsRefusedInAnother(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.DeleteTenant(t, "acme")
	reg.DeleteTenant(t, "beta")
	keys := func(tenant, cursor string) apitest.Response {
		return reg.Do(t, apitest.Get("root", "/api/v1/tenants/"+tenant+"/keys?limit=1"+cursor))
	}
	cursor := "&cursor=" + apitest.NextCursor(t, keys("acme", "").Want(t, 200))
	keys("acme", cursor).Want(t, 200)
	keys("beta", cursor).WantProblem(t, 400, tenancy.CodeInvalidCursor)
}

// The list of tenants belongs to no tenant, but to its caller.
func TestCursorOfTenantListIsRefusedForAnotherCaller(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	list := func(as, query string) apitest.Response {
		return reg.Do(t, apitest.Get(as, "/api/v1/tenants?limit=1"+query))
	}
	const one, other = "user:viewer@acme,viewer@beta", "user:admin@acme,viewer@beta"
	cursor := "&cursor=" + apitest.NextCursor(t, list(one, "").Want(t, 200))
	list(one, cursor).Want(t, 200)
	for _, as := range []string{other, "user:viewer@beta", "user:", "user:root"} {
		list(as, cursor).WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
}

// forgeCursor builds a cursor as the API does, for any list and position. That needs no
// secret: the comment on cursors in package httpapi says why.
func forgeCursor(list string, tenant tenancy.ID, position string) string {
	h := sha256.New()
	for _, part := range []string{list, tenant.String(), position} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(append(append([]byte{1}, h.Sum(nil)[:16]...),
		position...))
}

func TestForgedCursorReadsOnlyTheOwnTenant(t *testing.T) {
	t.Parallel()
	reg := newWithSameItems(t)
	acme, beta := reg.Tenants["acme"].ID, reg.Tenants["beta"].ID
	list := func(cursor string) apitest.Response {
		return reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?cursor="+
			url.QueryEscape(cursor)))
	}
	own := list(forgeCursor("list prompt", acme, "a")).Want(t, 200)
	assert.Equal(t, []string{"b", "c"}, own.Names(t),
		"a forged cursor of an own list returns a page of that list")
	assert.NotContains(t, string(own.Body), "beta")
	list(forgeCursor("list prompt", beta, "a")).WantProblem(t, 400, tenancy.CodeInvalidCursor)
	// A name from before the library may have control characters.
	for _, position := range []string{"a\nb", "a\tb", "a\u0085"} {
		odd := list(forgeCursor("list prompt", acme, position)).Want(t, 200)
		assert.Equal(t, []string{"b", "c"}, odd.Names(t), "%q", position)
		assert.NotContains(t, string(odd.Body), "beta", "%q", position)
		list(forgeCursor("list prompt", beta, position)).
			WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
	for _, position := range []string{"a\x00b", "\x00", "\xff", strings.Repeat("a", 9000)} {
		list(forgeCursor("list prompt", acme, position)).
			WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
	for _, position := range []string{"a", "a\x00", "a\x00b\x00c", "\xff\x00a"} {
		cursor := forgeCursor("discovery", acme, position)
		res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/discovery?cursor="+cursor))
		if position == "a\x00" {
			res.Want(t, 200)
			continue
		}
		res.WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
}

// TestEveryResponseForbidsCaching calls every operation with every kind of outcome: a
// cache that stored one tenant's response could serve it to another tenant.
func TestEveryResponseForbidsCaching(t *testing.T) {
	t.Parallel()
	reg := newWithSameItems(t)
	fresh := map[string]string{"If-None-Match": `*`}
	requests := []apitest.Request{
		{As: "acme-viewer", Path: "/api/v1/prompts/a"},
		{As: "acme-viewer", Path: "/api/v1/prompts/a", Header: fresh},
		{As: "acme-viewer", Path: "/api/v1/tenants/acme", Header: fresh},
		{As: "acme-viewer", Method: "HEAD", Path: "/api/v1/discovery"},
	}
	for _, path := range []string{"/livez", "/readyz", "/api/v1/openapi.json", "/api/v1/none",
		"/"} {
		requests = append(requests, apitest.Get("", path), apitest.Get("acme-viewer", path),
			apitest.Delete("", path))
	}
	// root comes last, because it also deletes acme.
	for _, as := range []string{"", "acme-viewer", "acme-admin", "root"} {
		for _, req := range reg.ProtectedRequests(t) {
			req.As = as
			requests = append(requests, req)
		}
	}
	seen := map[int]bool{}
	for _, req := range requests {
		res := reg.Do(t, req)
		seen[res.Status] = true
		assertUncached(t, res.Header,
			fmt.Sprintf("%s %s as %q: %d", req.Method, req.Path, req.As, res.Status))
	}
	for _, status := range []int{200, 204, 304, 400, 401, 403, 404, 405, 422} {
		assert.True(t, seen[status], "no response had the status %d", status)
	}
}

// assertUncached checks that no cache may store the response, and that Vary names what
// it depends on.
func assertUncached(t *testing.T, h http.Header, what string) {
	t.Helper()
	assert.Equal(t, "no-store", h.Get("Cache-Control"), what)
	assertVaries(t, h, what)
}

func assertVaries(t *testing.T, h http.Header, what string) {
	t.Helper()
	vary := strings.Split(strings.Join(h.Values("Vary"), ", "), ", ")
	for _, name := range []string{"Authorization", "Cookie", "Host", "X-Forwarded-Host",
		"X-Tenant-ID"} {
		assert.Contains(t, vary, name, what)
	}
}

func TestHostResponsesVaryByTenantAndProblemsForbidCaching(t *testing.T) {
	t.Parallel()
	u := newVariant(t, tenancy.Suspended)
	u.serveHostRoutes(tenancy.Principal{})
	served := u.send(rawRequest{method: "GET", path: "/notes", tenants: []string{"acme"}})
	assert.Equal(t, 200, served.status)
	assertVaries(t, served.header, "a response of the host")
	assert.Empty(t, served.header.Get("Cache-Control"), "the host chooses its own caching")
	for _, r := range []rawRequest{{}, {tenants: []string{"beta"}},
		{host: "acme.registry.test", tenants: []string{"beta"}}} {
		r.method, r.path = "GET", "/notes"
		refused := u.send(r)
		assert.GreaterOrEqual(t, refused.status, 400)
		assertUncached(t, refused.header, r.String())
	}
}

func TestETagMatchesOnlyTheOwnTenantsResource(t *testing.T) {
	t.Parallel()
	reg := newWithSameItems(t)
	const path = "/api/v1/prompts/a"
	reg.Put(t, path, `{"spec":{"template":"acme again"}}`) // version 2 in acme, 1 in beta
	tags := map[string]string{}
	for _, tenant := range []string{"acme", "beta"} {
		tags[tenant] = reg.Do(t, apitest.Get(tenant+"-viewer", path)).Header.Get("ETag")
	}
	for tenant, current := range tags {
		get := func(tag string) apitest.Response {
			return reg.Do(t, apitest.Request{As: tenant + "-viewer", Path: path,
				Header: map[string]string{"If-None-Match": tag}})
		}
		for _, tag := range tags {
			res := get(tag)
			assert.Equal(t, current, res.Header.Get("ETag"))
			if tag == current {
				assert.Empty(t, res.Want(t, 304).Body)
				continue
			}
			assert.Contains(t, string(res.Want(t, 200).Body), `"template":"`+tenant)
		}
	}
	put := func(tenant, tag string) apitest.Response {
		return reg.Do(t, apitest.Request{As: tenant + "-editor", Method: "PUT", Path: path,
			Body:   apitest.PromptBody,
			Header: map[string]string{"If-Match": tag}})
	}
	put("beta", tags["acme"]).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	put("beta", tags["beta"]).Want(t, 200)
	assert.Contains(t, string(reg.Do(t, apitest.Get("acme-viewer", path)).Body), "acme again",
		"beta's write doesn't change acme's resource")
}

// The API ignores the header, so it stores nothing that tenants could share.
func TestIdempotencyKeyReturnsNoOtherTenantsResponse(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	type createdKey struct{ Secret string }
	secrets := map[string]bool{}
	for _, tenant := range []string{"acme", "beta", "acme"} {
		res := reg.Do(t, apitest.Request{
			As: tenant + "-admin", Method: "POST", Path: "/api/v1/tenants/" + tenant + "/keys",
			Body:   `{"name":"n","role":"viewer"}`,
			Header: map[string]string{"Idempotency-Key": "same", "X-Request-ID": "same"},
		}).Want(t, 201)
		assert.Contains(t, res.Header.Get("Location"), reg.Tenants[tenant].ID.String())
		secrets[apitest.Decode[createdKey](t, res).Secret] = true
	}
	assert.Len(t, secrets, 3)
}

// TestResolverCacheServesNoOtherTenant alternates requests for two tenants with one
// resolver: what it has cached of one never serves the other, and serves no request
// after the tenant is deleted.
func TestResolverCacheServesNoOtherTenant(t *testing.T) {
	t.Parallel()
	reg := newWithSameItems(t, func(o *httpapi.Options) { o.Clock = time.Now })
	for range 3 {
		for _, tenant := range []string{"acme", "beta"} {
			for _, req := range []apitest.Request{{Tenant: tenant},
				{Tenant: reg.Tenants[tenant].ID.String()},
				{Host: tenant + ".registry.test"}} {
				req.As, req.Path = "root", "/api/v1/prompts/a"
				assert.Contains(t, string(reg.Do(t, req).Want(t, 200).Body),
					`"template":"`+tenant+`"`)
			}
		}
	}
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/beta")).Want(t, 204)
	for _, req := range []apitest.Request{
		{Tenant: "beta"}, {Tenant: reg.Tenants["beta"].ID.String()},
		{Host: "beta.registry.test"}} {
		req.As, req.Path = "root", "/api/v1/prompts/a"
		reg.Do(t, req).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	}
}
