package isolation_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// outsider is a caller that isn't a member of beta.
type outsider struct {
	credentials string
	users       bool // the handler's callers are users (apitest.AsUsers)
	member      bool // of acme
	anonymous   bool
}

var outsiders = map[string]outsider{
	"a viewer's key of acme": {credentials: "Bearer " + acmeKeys[tenancy.Viewer], member: true},
	"an admin's key of acme": {credentials: "Bearer " + acmeKeys[tenancy.Admin], member: true},
	"a user of acme":         {credentials: "user:admin@acme", users: true, member: true},
	"a user without tenants": {credentials: "user:", users: true},
	"no credentials":         {anonymous: true},
	"an unknown key":         {credentials: "Bearer " + tenancy.NewKeySecret(), anonymous: true},
	"nonsense":               {credentials: "Bearer x", anonymous: true},
}

func (o outsider) newVariants(t *testing.T) variants {
	t.Helper()
	if !o.users {
		return newVariants(t)
	}
	return newVariants(t, apitest.AsUsers(func(slug string) tenancy.ID {
		return map[string]tenancy.ID{"acme": acmeID, "beta": betaID}[slug]
	}))
}

// tenantNaming is a way to name beta, alone or together with another tenant. Each text
// is a slug or an id.
type tenantNaming struct {
	path   string   // the tenant in the path, of routes that have one
	host   string   // the first label of the host
	header []string // one X-Tenant-ID line for each
}

func namings() map[string]tenantNaming {
	id, own := betaID.String(), acmeID.String()
	one := func(text string) []string { return []string{text} }
	return map[string]tenantNaming{
		"host":                       {host: "beta"},
		"header":                     {header: one("beta")},
		"header, id":                 {header: one(id)},
		"header, id in capitals":     {header: one(strings.ToUpper(id))},
		"header twice":               {header: []string{"beta", "beta"}},
		"host and header":            {host: "beta", header: one("beta")},
		"host and id":                {host: "beta", header: one(id)},
		"host and own slug":          {host: "beta", header: one("acme")},
		"host and own id":            {host: "beta", header: one(own)},
		"id and own host":            {host: "acme", header: one(id)},
		"header and own host":        {host: "acme", header: one("beta")},
		"host and stray slug":        {host: "beta", header: one("stray")},
		"host and stray id":          {host: "beta", header: one(apitest.NonexistentID)},
		"id and stray host":          {host: "stray", header: one(id)},
		"host and malformed":         {host: "beta", header: one("No Slug")},
		"slug and id in two headers": {header: []string{"beta", id}},
		"path":                       {path: "beta"},
		"path, id":                   {path: id},
		"path and header":            {path: "beta", header: one("beta")},
		"path and id":                {path: "beta", header: one(id)},
		"path, id, and host":         {path: id, host: "beta"},
		"path, header and host":      {path: "beta", header: one(id), host: "beta"},
		"path and own header":        {path: "beta", header: one("acme")},
		"path and own id":            {path: "beta", header: one(own)},
		"path, id, and own host":     {path: id, host: "acme"},
		"own path and host":          {path: "acme", host: "beta"},
		"own path and id":            {path: "acme", header: one(id)},
		"own path, id, and header":   {path: own, header: one("beta")},
		"own path, id, and id":       {path: own, header: one(id)},
		"path and stray header":      {path: "beta", header: one("stray")},
		"path and stray id":          {path: "beta", header: one(apitest.NonexistentID)},
		"path, id, and stray slug":   {path: id, header: one("stray")},
		"path and malformed":         {path: "beta", header: one("No Slug")},
	}
}

// wantCode returns the code that API.md gives for a naming: two different slugs or ids,
// or the caller's own tenant and another, are a mismatch; anything else is an unknown
// tenant.
func (n tenantNaming) wantCode(o outsider) tenancy.Code {
	if o.anonymous {
		return tenancy.CodeUnauthenticated
	}
	texts := slices.Concat(n.header, []string{n.path, n.host})
	if strings.HasPrefix(o.credentials, "Bearer") {
		return tenancy.CodeTenantMismatch // the key names acme
	}
	slugs, ids, own := map[string]bool{}, map[string]bool{}, false
	for _, text := range texts {
		switch {
		case text == "":
		case strings.Count(text, "-") == 4:
			ids[strings.ToLower(text)] = true
		default:
			slugs[text] = true
		}
		own = own || text == "acme" || text == acmeID.String()
	}
	lines := len(n.header) == 2 && n.header[0] != n.header[1]
	if len(slugs) > 1 || len(ids) > 1 || lines || own && o.member {
		return tenancy.CodeTenantMismatch
	}
	return tenancy.CodeTenantNotFound
}

// request builds the request for an operation. It returns false if only one of naming
// and operation has a tenant in the path.
func (n tenantNaming) request(op apitest.Operation, o outsider) (rawRequest, bool) {
	inPath := strings.Contains(op.Path, "{tenant}")
	if inPath != (n.path != "") {
		return rawRequest{}, false
	}
	r := rawRequest{
		credentials: o.credentials, method: op.Method, tenants: n.header,
		path: strings.NewReplacer("{tenant}", n.path, "{name}", "x", "{id}", apitest.NonexistentID,
			"{user_id}",
			apitest.NonexistentID).Replace(op.Path),
	}
	if n.host != "" {
		r.host = n.host + ".registry.test"
	}
	if op.Method == http.MethodPut || op.Method == http.MethodPost {
		r.body, r.header = `{}`, map[string]string{"Content-Type": "application/json"}
	}
	return r, true
}

// worksInTenant returns the operations for which a tenant is resolved.
func worksInTenant(t *testing.T) []apitest.Operation {
	t.Helper()
	ops := slices.DeleteFunc(apitest.New(t).Operations(t), func(op apitest.Operation) bool {
		return !op.Protected || apitest.BelongsToNoTenant(op.Path)
	})
	require.Greater(t, len(ops), 25)
	slices.SortFunc(ops, func(a, b apitest.Operation) int { return strings.Compare(a.ID, b.ID) })
	return ops
}

// TestOutsiderCannotDetectTheStateOfATenant sends every request of each kind of outsider
// that names beta to registries in which only the state of beta differs: unknown,
// deleted, suspended or active. Status, headers, body, the calls of the stores and the
// bytes that are read of the request's body are the same, and no call is about beta.
// The caches are cold, warm, and filled by insiders.
func TestOutsiderCannotDetectTheStateOfATenant(t *testing.T) {
	t.Parallel()
	ops := worksInTenant(t)
	for name, o := range outsiders {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := o.newVariants(t)
			for how, n := range namings() {
				for _, op := range ops {
					r, fits := n.request(op, o)
					if !fits {
						continue
					}
					for range 2 {
						got := all.sendAll(t, r)
						require.Contains(t, got.body, `"code":"`+string(n.wantCode(o))+`"`,
							"%s: %v",
							how, r)
						require.Zero(t, got.bodyRead,
							"the body of an outsider's request is read: %v", r)
						require.NotContains(t, strings.Join(got.storeCalls, "\n"), "beta", "%v", r)
						require.NotContains(t, strings.Join(got.storeCalls, "\n"), betaID.String(),
							"%v",
							r)
					}
				}
				all.sendInsiders()
				all.advance(1)
			}
		})
	}
}

// A member of a deleted tenant gets the responses of a member of a tenant that never
// existed.
func TestMemberOfDeletedTenantIsAnOutsider(t *testing.T) {
	t.Parallel()
	o := outsider{credentials: "user:admin@beta", users: true}
	all, ops := o.newVariants(t), worksInTenant(t)
	for how, n := range namings() {
		for _, op := range ops {
			r, fits := n.request(op, o)
			if !fits {
				continue
			}
			want := all[unknown].send(r)
			require.Contains(t, want.body, `"code":"`+string(n.wantCode(o))+`"`, "%s: %v", how, r)
			require.Equal(t, want, all[tenancy.Deleted].send(r), "%s: %v", how, r)
		}
		all.advance(1)
	}
}

// TestVariantsDifferForInsiders proves that the other tests can fail: an insider sees a
// different beta in each variant.
func TestVariantsDifferForInsiders(t *testing.T) {
	t.Parallel()
	for credentials, all := range map[string]variants{
		"Bearer " + apitest.PlatformToken: newVariants(t),
		"user:root":                       outsider{users: true}.newVariants(t),
	} {
		different := map[string]bool{}
		for state, u := range all {
			got := u.send(rawRequest{credentials: credentials, method: http.MethodGet,
				path: "/api/v1/tenants/beta"})
			assert.NotEmpty(t, got.storeCalls, state)
			different[got.body] = true
		}
		assert.Len(t, different, 4)
	}
}

// The key stops working at once, and the response doesn't show that it was a key.
func TestKeyOfDeletedTenantLooksUnknown(t *testing.T) {
	t.Parallel()
	all := newVariants(t)
	for _, path := range []string{"/api/v1/me", "/api/v1/tenants", "/api/v1/prompts",
		"/api/v1/tenants/beta", "/api/v1/tenants/acme/export"} {
		r := rawRequest{credentials: "Bearer " + betaKey, method: http.MethodGet, path: path}
		want := all[unknown].send(r)
		assert.Equal(t, http.StatusUnauthorized, want.status)
		assert.Equal(t, want, all[tenancy.Deleted].send(r))
	}
}

// TestRandomRequestsRevealNoTenantToOutsiders draws sequences of requests that an
// outsider could send, also to public and unknown routes, with other methods, invalid
// bodies, conditions and queries: every response is the same in all variants.
func TestRandomRequestsRevealNoTenantToOutsiders(t *testing.T) {
	t.Parallel()
	paths := publicPaths()
	for _, op := range worksInTenant(t) {
		paths = append(paths, op.Path)
	}
	byUsers := map[bool]variants{}
	for _, users := range []bool{false, true} {
		byUsers[users] = outsider{users: users}.newVariants(t)
	}
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(slices.Sorted(maps.Keys(outsiders))).Draw(rt, "name")
		o := outsiders[name]
		all := byUsers[o.users]
		for range rapid.IntRange(1, 6).Draw(rt, "requests") {
			if rapid.Bool().Draw(rt, "insiders at work") {
				all.sendInsiders()
			}
			all.advance(rapid.SampledFrom([]int{0, 1, 3, 31}).Draw(rt, "seconds"))
			all.sendAll(rt, drawRequest(rt, o, paths))
		}
	})
}

func publicPaths() []string {
	return []string{
		"/livez", "/readyz", "/api/v1/openapi.json", "/api/v1/me", "/api/v1/tenants",
		"/api/v1/none", "/", "/api/v1/tenants/{tenant}/none",
		"/api/v1/tenants/{tenant}/", "//api/v1/tenants/{tenant}", "/api/v1/tenants/./{tenant}",
		"/api/v1/tenants/{tenant}/keys/x/y",
	}
}

func drawRequest(t *rapid.T, o outsider, paths []string) rawRequest {
	id, own := betaID.String(), acmeID.String()
	r := rawRequest{credentials: o.credentials, header: map[string]string{}}
	r.method = rapid.SampledFrom([]string{"GET", "GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS",
		"PATCH"}).Draw(t, "method")
	name := rapid.SampledFrom([]string{"beta", id, strings.ToUpper(id), "acme", own, "%62eta",
		"beta%00", "Beta", "stray", apitest.NonexistentID, "%2e%2e"}).Draw(t, "in the path")
	r.path = strings.NewReplacer("{tenant}", name, "{name}", "x", "{id}", apitest.NonexistentID,
		"{user_id}",
		apitest.NonexistentID).Replace(rapid.SampledFrom(paths).Draw(t, "path"))
	r.path += rapid.SampledFrom(
		[]string{"", "", "?limit=0", "?cursor=x", "?cursor=AQAAAAAAAAAAAAAAAAAAAAAAYQ", "?q=beta",
			"?tenant=beta", "?%zz", "?state=deleted"}).Draw(t, "query")
	r.host = rapid.SampledFrom([]string{"", "", "beta.registry.test", "BETA.Registry.test.:80",
		"acme.registry.test", "stray.registry.test", "a.beta.registry.test", "[::1]:80"}).
		Draw(t, "host")
	r.tenants = rapid.SliceOfN(
		rapid.SampledFrom([]string{"beta", id, strings.ToUpper(id), "acme", own, "stray",
			apitest.NonexistentID,
			"beta,acme", "", "{" + id + "}"}), 0, 2).Draw(t, "header")
	r.body = rapid.SampledFrom([]string{
		"", `{}`, `{`, apitest.PromptBody, `{"slug":"beta","name":"n"}`, `{"state":"deleted"}`,
		`{"name":"` + strings.Repeat("x", resourceLimit) + `"}`,
		strings.Repeat(" ", 4*bundleLimit), `{"spec":{"prompts":["x"]}}`, `{"value":"v"}`,
	}).Draw(t, "body")
	for _, h := range []struct {
		name   string
		values []string
	}{
		{"Content-Type", []string{"", "application/json", "text/plain", "nonsense;;",
			"application/vnd.bailiwick.bundle+json"}},
		{"If-Match", []string{"", `"1"`, `"2"`, `*`, `nonsense`}},
		{"If-None-Match", []string{"", `"1"`, `"2"`, `*`, `nonsense`}},
		{"Idempotency-Key", []string{"", "1"}},
		{"X-Forwarded-Host", []string{"", "beta.registry.test"}},
		{"Forwarded", []string{"", "host=beta.registry.test"}},
		{"Origin", []string{"", "http://beta.registry.test"}},
		{"Expect", []string{"", "100-continue"}},
	} {
		if value := rapid.SampledFrom(h.values).Draw(t, h.name); value != "" {
			r.header[h.name] = value
		}
	}
	return r
}

func TestHostRoutesRevealNoTenantToOutsiders(t *testing.T) {
	t.Parallel()
	callers := map[string]tenancy.Principal{
		"a user of acme": {Kind: tenancy.UserPrincipal,
			Roles: map[tenancy.ID]tenancy.Role{acmeID: tenancy.Admin}},
		"a user without tenants": {Kind: tenancy.UserPrincipal},
		"a key of acme": {Kind: tenancy.KeyPrincipal, KeyTenant: acmeID,
			Roles: map[tenancy.ID]tenancy.Role{acmeID: tenancy.Admin}},
		"no caller": {},
	}
	for name, p := range callers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := newVariants(t)
			for _, u := range all {
				u.serveHostRoutes(p)
			}
			for _, n := range namings() {
				r := rawRequest{method: http.MethodGet, path: "/notes", tenants: n.header}
				if n.host != "" {
					r.host = n.host + ".registry.test"
				}
				if n.path != "" {
					r.path = "/tenants/" + n.path + "/notes"
				}
				want := all[unknown].send(r)
				assert.GreaterOrEqual(t, want.status, 400, "%v", r)
				for _, state := range []tenancy.State{tenancy.Deleted, tenancy.Suspended,
					tenancy.Active} {
					if p.Anonymous() && state == tenancy.Active {
						continue // a host's routes of an active tenant are public here
					}
					assert.Equal(t, want, all[state].send(r),
						"a %s tenant differs from an unknown one for %v", state, r)
				}
			}
		})
	}
}
