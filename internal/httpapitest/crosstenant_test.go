package httpapitest_test

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
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newFullWorld is a world in which acme and beta have the same prompts, agents
// and keys, all of version 1.
func newFullWorld(t *testing.T, changes ...with) *world {
	t.Helper()
	w := newWorld(t, changes...)
	for _, tenant := range []string{"acme", "beta"} {
		for _, name := range []string{"a", "b", "c"} {
			body := `{"spec":{"template":"` + tenant + `"}}`
			w.do(t, ask{as: tenant + "-editor", method: "PUT", path: "/api/v1/prompts/" + name,
				body: body}).ok(t, 201)
			w.do(t, ask{as: tenant + "-editor", method: "PUT", path: "/api/v1/agents/" + name,
				body: `{"spec":{}}`}).ok(t, 201)
		}
	}
	return w
}

// TestACursorReadsInItsOwnTenantOnly takes a cursor of every list of acme to
// the same list of beta.
func TestACursorReadsInItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/agents", "/api/v1/discovery",
		"/api/v1/tenants/acme/keys"} {
		for _, root := range []bool{false, true} {
			a, b := ask{as: "acme-admin", path: path},
				ask{as: "beta-admin", path: strings.Replace(path, "acme", "beta", 1)}
			if root {
				a.as, a.host, b.as, b.host = "root", "acme.registry.test", "root",
					"beta.registry.test"
			}
			a.path, b.path = a.path+"?limit=1", b.path+"?limit=1"
			cursor := "&cursor=" + nextCursor(t, w.do(t, a).ok(t, 200))
			nextCursor(t, w.do(t, b).ok(t, 200)) // there is more in beta, too
			a.path, b.path = a.path+cursor, b.path+cursor
			w.do(t, a).ok(t, 200)
			w.do(t, b).refused(t, 400, tenancy.CodeInvalidCursor)
		}
	}
}

// TestACursorOfADeletedTenantIsNotAnothers: a super-admin manages deleted
// tenants, which resolution doesn't find.
func TestACursorOfADeletedTenantIsNotAnothers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.deleteTenant(t, "acme")
	w.deleteTenant(t, "beta")
	keys := func(tenant, cursor string) got {
		return w.do(t, ask{as: "root", path: "/api/v1/tenants/" + tenant + "/keys?limit=1" +
			cursor})
	}
	cursor := "&cursor=" + nextCursor(t, keys("acme", "").ok(t, 200))
	keys("acme", cursor).ok(t, 200)
	keys("beta", cursor).refused(t, 400, tenancy.CodeInvalidCursor)
}

// TestACursorOfTheCallersTenantsIsNobodyElses: the list of tenants is in no
// tenant, but everybody's own.
func TestACursorOfTheCallersTenantsIsNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	list := func(as, query string) got {
		return w.do(t, ask{as: as, path: "/api/v1/tenants?limit=1" + query})
	}
	const one, other = "user:viewer@acme,viewer@beta", "user:admin@acme,viewer@beta"
	cursor := "&cursor=" + nextCursor(t, list(one, "").ok(t, 200))
	list(one, cursor).ok(t, 200)
	for _, as := range []string{other, "user:viewer@beta", "user:", "user:root"} {
		list(as, cursor).refused(t, 400, tenancy.CodeInvalidCursor)
	}
}

// forge makes a cursor as the API does, for a list that is not the forger's or
// a place that no list has. There is no secret in it: package httpapi says why.
func forge(list string, tenant tenancy.ID, place string) string {
	h := sha256.New()
	for _, part := range []string{list, tenant.String(), place} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(append(append([]byte{1}, h.Sum(nil)[:16]...),
		place...))
}

func TestAForgedCursorReadsNothingForeign(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t)
	acme, beta := w.tenants["acme"].ID, w.tenants["beta"].ID
	list := func(cursor string) got {
		return w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?cursor=" +
			url.QueryEscape(cursor)})
	}
	own := list(forge("list prompt", acme, "a")).ok(t, 200)
	assert.Equal(t, []string{"b", "c"}, own.names(t),
		"whoever makes up a cursor of an own list gets a page of that")
	assert.NotContains(t, string(own.body), "beta")
	list(forge("list prompt", beta, "a")).refused(t, 400, tenancy.CodeInvalidCursor)
	for _, place := range []string{"a\x00b", "\x00", "\xff", "a\nb", "\u0085",
		strings.Repeat("a", 9000)} {
		list(forge("list prompt", acme, place)).refused(t, 400, tenancy.CodeInvalidCursor)
	}
	for _, place := range []string{"a", "a\x00", "a\x00b\x00c", "\xff\x00a"} {
		cursor := forge("discovery", acme, place)
		g := w.do(t, ask{as: "acme-viewer", path: "/api/v1/discovery?cursor=" + cursor})
		if place == "a\x00" {
			g.ok(t, 200)
			continue
		}
		g.refused(t, 400, tenancy.CodeInvalidCursor)
	}
}

// TestNoAnswerIsForACache goes through every operation, with every kind of
// outcome: one tenant's answer kept is another's served.
func TestNoAnswerIsForACache(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t)
	fresh := map[string]string{"If-None-Match": `"1"`}
	asks := []ask{
		{as: "acme-viewer", path: "/api/v1/prompts/a"},
		{as: "acme-viewer", path: "/api/v1/prompts/a", header: fresh},
		{as: "acme-viewer", path: "/api/v1/tenants/acme", header: fresh},
		{as: "acme-viewer", method: "HEAD", path: "/api/v1/discovery"},
	}
	for _, path := range []string{"/livez", "/readyz", "/api/v1/openapi.json", "/api/v1/none",
		"/"} {
		asks = append(asks, ask{path: path}, ask{as: "acme-viewer", path: path},
			ask{method: "DELETE", path: path})
	}
	// root last: among it all, it deletes acme
	for _, as := range []string{"", "acme-viewer", "acme-admin", "root"} {
		for _, a := range everyProtected(t, w) {
			a.as = as
			asks = append(asks, a)
		}
	}
	seen := map[int]bool{}
	for _, a := range asks {
		g := w.do(t, a)
		seen[g.status] = true
		assertUncached(t, g.header,
			fmt.Sprintf("%s %s as %q: %d", a.method, a.path, a.as, g.status))
	}
	for _, status := range []int{200, 204, 304, 400, 401, 403, 404, 405, 422} {
		assert.True(t, seen[status], "no answer had the status %d", status)
	}
}

// assertUncached wants an answer that no cache keeps, and that says what tells
// it from others of the same URL.
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

func TestAHostsAnswersVaryByTenantAndItsProblemsAreNotKept(t *testing.T) {
	t.Parallel()
	u := newUniverse(t, tenancy.Suspended)
	u.mount(tenancy.Principal{})
	served := u.send(wire{method: "GET", path: "/notes", tenants: []string{"acme"}})
	assert.Equal(t, 200, served.status)
	assertVaries(t, served.header, "an answer of the host")
	assert.Empty(t, served.header.Get("Cache-Control"), "which is for the host to say")
	for _, r := range []wire{{}, {tenants: []string{"beta"}},
		{host: "acme.registry.test", tenants: []string{"beta"}}} {
		r.method, r.path = "GET", "/notes"
		refused := u.send(r)
		assert.GreaterOrEqual(t, refused.status, 400)
		assertUncached(t, refused.header, r.String())
	}
}

// TestAnETagIsAVersionOfTheOwnTenantsResource: the tags of two tenants can be
// equal, and say nothing about each other.
func TestAnETagIsAVersionOfTheOwnTenantsResource(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t)
	const path = "/api/v1/prompts/a"
	w.put(t, path, `{"spec":{"template":"acme again"}}`) // version 2 in acme, 1 in beta
	for tenant, current := range map[string]string{"acme": `"2"`, "beta": `"1"`} {
		get := func(tag string) got {
			return w.do(t, ask{as: tenant + "-viewer", path: path,
				header: map[string]string{"If-None-Match": tag}})
		}
		for _, tag := range []string{`"1"`, `"2"`} {
			g := get(tag)
			assert.Equal(t, current, g.header.Get("ETag"))
			if tag == current {
				assert.Empty(t, g.ok(t, 304).body)
				continue
			}
			assert.Contains(t, string(g.ok(t, 200).body), `"template":"`+tenant)
		}
	}
	put := func(tenant, tag string) got {
		return w.do(t, ask{as: tenant + "-editor", method: "PUT", path: path, body: aPrompt,
			header: map[string]string{"If-Match": tag}})
	}
	put("beta", `"2"`).refused(t, 412, tenancy.CodeVersionMismatch)
	put("beta", `"1"`).ok(t, 200)
	assert.Contains(t, string(w.do(t, ask{as: "acme-viewer", path: path}).body), "acme again",
		"beta's write is beta's")
}

// TestARepeatedKeyOfIdempotencyServesNobodyElsesAnswer: the header has no
// meaning here, and so no memory that one tenant could share with another.
func TestARepeatedKeyOfIdempotencyServesNobodyElsesAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secrets := map[string]bool{}
	for _, tenant := range []string{"acme", "beta", "acme"} {
		g := w.do(t, ask{
			as: tenant + "-admin", method: "POST", path: "/api/v1/tenants/" + tenant + "/keys",
			body:   `{"name":"n","role":"viewer"}`,
			header: map[string]string{"Idempotency-Key": "same", "X-Request-ID": "same"},
		}).ok(t, 201)
		assert.Contains(t, g.header.Get("Location"), w.tenants[tenant].ID.String())
		secrets[read[keySeen](t, g).Secret] = true
	}
	assert.Len(t, secrets, 3)
}

// TestWhatIsRememberedOfATenantIsItsOwn sends requests for two tenants in turns
// through one resolver: what it remembers of the one never serves the other,
// nor anybody after a tenant is gone.
func TestWhatIsRememberedOfATenantIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newFullWorld(t, func(o *httpapi.Options) { o.Clock = time.Now })
	for range 3 {
		for _, tenant := range []string{"acme", "beta"} {
			for _, a := range []ask{{tenant: tenant}, {tenant: w.tenants[tenant].ID.String()},
				{host: tenant + ".registry.test"}} {
				a.as, a.path = "root", "/api/v1/prompts/a"
				assert.Contains(t, string(w.do(t, a).ok(t, 200).body), `"template":"`+tenant+`"`)
			}
		}
	}
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/beta"}).ok(t, 204)
	for _, a := range []ask{{tenant: "beta"}, {tenant: w.tenants["beta"].ID.String()},
		{host: "beta.registry.test"}} {
		a.as, a.path = "root", "/api/v1/prompts/a"
		w.do(t, a).refused(t, 404, tenancy.CodeTenantNotFound)
	}
}
