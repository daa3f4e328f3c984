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

// newWithSameItems is a world in which acme and beta have the same prompts, agents
// and keys, all of version 1.
func newWithSameItems(t *testing.T, changes ...Option) *Registry {
	t.Helper()
	w := New(t, changes...)
	for _, tenant := range []string{"acme", "beta"} {
		for _, name := range []string{"a", "b", "c"} {
			body := `{"spec":{"template":"` + tenant + `"}}`
			w.Do(t, Request{As: tenant + "-editor", Method: "PUT", Path: "/api/v1/prompts/" + name,
				Body: body}).Want(t, 201)
			w.Do(t, Request{As: tenant + "-editor", Method: "PUT", Path: "/api/v1/agents/" + name,
				Body: `{"spec":{}}`}).Want(t, 201)
		}
	}
	return w
}

// TestACursorReadsInItsOwnTenantOnly takes a cursor of every list of acme to
// the same list of beta.
func TestACursorReadsInItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	w := newWithSameItems(t)
	for _, path := range []string{"/api/v1/prompts", "/api/v1/agents", "/api/v1/discovery",
		"/api/v1/tenants/acme/keys"} {
		for _, root := range []bool{false, true} {
			a, b := Request{As: "acme-admin", Path: path},
				Request{As: "beta-admin", Path: strings.Replace(path, "acme", "beta", 1)}
			if root {
				a.As, a.Host, b.As, b.Host = "root", "acme.registry.test", "root",
					"beta.registry.test"
			}
			a.Path, b.Path = a.Path+"?limit=1", b.Path+"?limit=1"
			cursor := "&cursor=" + NextCursor(t, w.Do(t, a).Want(t, 200))
			NextCursor(t, w.Do(t, b).Want(t, 200)) // there is more in beta, too
			a.Path, b.Path = a.Path+cursor, b.Path+cursor
			w.Do(t, a).Want(t, 200)
			w.Do(t, b).WantProblem(t, 400, tenancy.CodeInvalidCursor)
		}
	}
}

// TestACursorOfADeletedTenantIsNotAnothers: a super-admin manages deleted
// tenants, which resolution doesn't find.
func TestACursorOfADeletedTenantIsNotAnothers(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.DeleteTenant(t, "acme")
	w.DeleteTenant(t, "beta")
	keys := func(tenant, cursor string) Response {
		return w.Do(t, Request{As: "root", Path: "/api/v1/tenants/" + tenant + "/keys?limit=1" +
			cursor})
	}
	cursor := "&cursor=" + NextCursor(t, keys("acme", "").Want(t, 200))
	keys("acme", cursor).Want(t, 200)
	keys("beta", cursor).WantProblem(t, 400, tenancy.CodeInvalidCursor)
}

// TestACursorOfTheCallersTenantsIsNobodyElses: the list of tenants is in no
// tenant, but everybody's own.
func TestACursorOfTheCallersTenantsIsNobodyElses(t *testing.T) {
	t.Parallel()
	w := NewWithUsers(t)
	list := func(as, query string) Response {
		return w.Do(t, Request{As: as, Path: "/api/v1/tenants?limit=1" + query})
	}
	const one, other = "user:viewer@acme,viewer@beta", "user:admin@acme,viewer@beta"
	cursor := "&cursor=" + NextCursor(t, list(one, "").Want(t, 200))
	list(one, cursor).Want(t, 200)
	for _, as := range []string{other, "user:viewer@beta", "user:", "user:root"} {
		list(as, cursor).WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
}

// forgeCursor makes a cursor as the API does, for a list that is not the forger's or
// a place that no list has. There is no secret in it: package httpapi says why.
func forgeCursor(list string, tenant tenancy.ID, place string) string {
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
	w := newWithSameItems(t)
	acme, beta := w.Tenants["acme"].ID, w.Tenants["beta"].ID
	list := func(cursor string) Response {
		return w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts?cursor=" +
			url.QueryEscape(cursor)})
	}
	own := list(forgeCursor("list prompt", acme, "a")).Want(t, 200)
	assert.Equal(t, []string{"b", "c"}, own.Names(t),
		"whoever makes up a cursor of an own list gets a page of that")
	assert.NotContains(t, string(own.Body), "beta")
	list(forgeCursor("list prompt", beta, "a")).WantProblem(t, 400, tenancy.CodeInvalidCursor)
	for _, place := range []string{"a\x00b", "\x00", "\xff", "a\nb", "\u0085",
		strings.Repeat("a", 9000)} {
		list(forgeCursor("list prompt", acme, place)).WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
	for _, place := range []string{"a", "a\x00", "a\x00b\x00c", "\xff\x00a"} {
		cursor := forgeCursor("discovery", acme, place)
		g := w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/discovery?cursor=" + cursor})
		if place == "a\x00" {
			g.Want(t, 200)
			continue
		}
		g.WantProblem(t, 400, tenancy.CodeInvalidCursor)
	}
}

// TestNoAnswerIsForACache goes through every operation, with every kind of
// outcome: one tenant's answer kept is another's served.
func TestNoAnswerIsForACache(t *testing.T) {
	t.Parallel()
	w := newWithSameItems(t)
	fresh := map[string]string{"If-None-Match": `"1"`}
	asks := []Request{
		{As: "acme-viewer", Path: "/api/v1/prompts/a"},
		{As: "acme-viewer", Path: "/api/v1/prompts/a", Header: fresh},
		{As: "acme-viewer", Path: "/api/v1/tenants/acme", Header: fresh},
		{As: "acme-viewer", Method: "HEAD", Path: "/api/v1/discovery"},
	}
	for _, path := range []string{"/livez", "/readyz", "/api/v1/openapi.json", "/api/v1/none",
		"/"} {
		asks = append(asks, Request{Path: path}, Request{As: "acme-viewer", Path: path},
			Request{Method: "DELETE", Path: path})
	}
	// root last: among it all, it deletes acme
	for _, as := range []string{"", "acme-viewer", "acme-admin", "root"} {
		for _, a := range w.ProtectedRequests(t) {
			a.As = as
			asks = append(asks, a)
		}
	}
	seen := map[int]bool{}
	for _, a := range asks {
		g := w.Do(t, a)
		seen[g.Status] = true
		assertUncached(t, g.Header,
			fmt.Sprintf("%s %s as %q: %d", a.Method, a.Path, a.As, g.Status))
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
	u := newVariant(t, tenancy.Suspended)
	u.serveHostRoutes(tenancy.Principal{})
	served := u.send(rawRequest{method: "GET", path: "/notes", tenants: []string{"acme"}})
	assert.Equal(t, 200, served.status)
	assertVaries(t, served.header, "an answer of the host")
	assert.Empty(t, served.header.Get("Cache-Control"), "which is for the host to say")
	for _, r := range []rawRequest{{}, {tenants: []string{"beta"}},
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
	w := newWithSameItems(t)
	const path = "/api/v1/prompts/a"
	w.Put(t, path, `{"spec":{"template":"acme again"}}`) // version 2 in acme, 1 in beta
	for tenant, current := range map[string]string{"acme": `"2"`, "beta": `"1"`} {
		get := func(tag string) Response {
			return w.Do(t, Request{As: tenant + "-viewer", Path: path,
				Header: map[string]string{"If-None-Match": tag}})
		}
		for _, tag := range []string{`"1"`, `"2"`} {
			g := get(tag)
			assert.Equal(t, current, g.Header.Get("ETag"))
			if tag == current {
				assert.Empty(t, g.Want(t, 304).Body)
				continue
			}
			assert.Contains(t, string(g.Want(t, 200).Body), `"template":"`+tenant)
		}
	}
	put := func(tenant, tag string) Response {
		return w.Do(t, Request{As: tenant + "-editor", Method: "PUT", Path: path, Body: PromptBody,
			Header: map[string]string{"If-Match": tag}})
	}
	put("beta", `"2"`).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	put("beta", `"1"`).Want(t, 200)
	assert.Contains(t, string(w.Do(t, Request{As: "acme-viewer", Path: path}).Body), "acme again",
		"beta's write is beta's")
}

// TestARepeatedKeyOfIdempotencyServesNobodyElsesAnswer: the header has no
// meaning here, and so no memory that one tenant could share with another.
func TestARepeatedKeyOfIdempotencyServesNobodyElsesAnswer(t *testing.T) {
	t.Parallel()
	w := New(t)
	secrets := map[string]bool{}
	for _, tenant := range []string{"acme", "beta", "acme"} {
		g := w.Do(t, Request{
			As: tenant + "-admin", Method: "POST", Path: "/api/v1/tenants/" + tenant + "/keys",
			Body:   `{"name":"n","role":"viewer"}`,
			Header: map[string]string{"Idempotency-Key": "same", "X-Request-ID": "same"},
		}).Want(t, 201)
		assert.Contains(t, g.Header.Get("Location"), w.Tenants[tenant].ID.String())
		secrets[Decode[apiKey](t, g).Secret] = true
	}
	assert.Len(t, secrets, 3)
}

// TestWhatIsRememberedOfATenantIsItsOwn sends requests for two tenants in turns
// through one resolver: what it remembers of the one never serves the other,
// nor anybody after a tenant is gone.
func TestWhatIsRememberedOfATenantIsItsOwn(t *testing.T) {
	t.Parallel()
	w := newWithSameItems(t, func(o *httpapi.Options) { o.Clock = time.Now })
	for range 3 {
		for _, tenant := range []string{"acme", "beta"} {
			for _, a := range []Request{{Tenant: tenant}, {Tenant: w.Tenants[tenant].ID.String()},
				{Host: tenant + ".registry.test"}} {
				a.As, a.Path = "root", "/api/v1/prompts/a"
				assert.Contains(t, string(w.Do(t, a).Want(t, 200).Body), `"template":"`+tenant+`"`)
			}
		}
	}
	w.Do(t, Request{As: "root", Method: "DELETE", Path: "/api/v1/tenants/beta"}).Want(t, 204)
	for _, a := range []Request{{Tenant: "beta"}, {Tenant: w.Tenants["beta"].ID.String()},
		{Host: "beta.registry.test"}} {
		a.As, a.Path = "root", "/api/v1/prompts/a"
		w.Do(t, a).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	}
}
