package resolve_test

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// claim is what one source names, known without parsing its text. slug or id is
// the slug of the named tenant; both are empty if the text is malformed.
type claim struct {
	text string
	slug string // the source names the tenant by slug
	id   string // the source names the tenant by id
}

func (s claim) malformed() bool { return s.slug == "" && s.id == "" }

// slugNamed returns the slug of the named tenant, which needn't exist.
func (s claim) slugNamed() string { return s.slug + s.id }

// namedTenants are the tenants that sources name. The last one is in no store.
var namedTenants = []tenancy.Tenant{acme, globex, suspended, deleted, tenant("ghost", "")}

// testRequest is a request and the claims of its sources.
type testRequest struct {
	req     *http.Request
	claims  []claim
	headers []string
}

func drawRequest(t *rapid.T) testRequest {
	d := testRequest{req: &http.Request{Header: http.Header{}, RemoteAddr: "192.0.2.1:4711"}}
	host, claims := drawHost(t, "host")
	d.req.Host = host
	if rapid.Bool().Draw(t, "forwarded") {
		client, _ := drawHost(t, "forwarded by the client")
		proxied, proxiedClaims := drawHost(t, "forwarded by the proxy")
		d.req.Header["X-Forwarded-Host"] = rapid.SampledFrom([][]string{
			{proxied}, {client + ", " + proxied}, {client, proxied},
			{client + "," + client, client + ",\t" + proxied},
		}).Draw(t, "in lines")
		if rapid.Bool().Draw(t, "by a trusted proxy") {
			d.req.RemoteAddr, claims = "10.0.0.1:4711", proxiedClaims
		}
	}
	d.claims = append(d.claims, claims...)
	for range rapid.IntRange(0, 3).Draw(t, "header lines") {
		s := drawName(t, "header")
		d.claims, d.headers = append(d.claims, s), append(d.headers, s.text)
		d.req.Header.Add(resolve.Header, s.text)
	}
	if rapid.Bool().Draw(t, "with a path") {
		s := drawName(t, "path")
		d.claims = append(d.claims, s)
		d.req.SetPathValue(resolve.PathValue, s.text)
	}
	return d
}

// drawHost returns a host, and its claim if it names a tenant.
func drawHost(t *rapid.T, what string) (string, []claim) {
	suffix := rapid.SampledFrom([]string{"", ".", ":80", ".:8080", ":"}).Draw(t, what+"'s end")
	if rapid.IntRange(0, 3).Draw(t, what+" names none") == 0 {
		return rapid.SampledFrom([]string{
			"localhost", "LOCALHOST", "www.localhost", "API.localhost", "acme.example.com",
			"acme.localhost.evil.com", "127.0.0.1", "evillocalhost",
		}).Draw(t, what) + suffix, nil
	}
	base := rapid.SampledFrom([]string{".localhost", ".LocalHost"}).Draw(t, what+"'s base")
	if rapid.IntRange(0, 3).Draw(t, what+" is malformed") == 0 {
		label := rapid.SampledFrom([]string{"a.acme", "ac_me", "xn--acme", "acme globex",
			"acme%2eglobex", "", acme.ID.String()}).Draw(t, what)
		return label + base + suffix, []claim{{text: label}}
	}
	target := rapid.SampledFrom(namedTenants).Draw(t, what)
	label := string(target.Slug)
	if rapid.Bool().Draw(t, what+" in capitals") {
		label = strings.ToUpper(label)
	}
	return label + base + suffix, []claim{{slug: string(target.Slug)}}
}

// drawName returns the claim of a header or a path.
func drawName(t *rapid.T, what string) claim {
	target := rapid.SampledFrom(namedTenants).Draw(t, what)
	slug, id := string(target.Slug), target.ID.String()
	return rapid.SampledFrom([]claim{
		{slug, slug, ""}, {slug, slug, ""}, {id, "", slug}, {id, "", slug},
		{strings.ToUpper(id), "", slug},
		{strings.ToUpper(slug), "", ""}, {"{" + id + "}", "", ""}, {"urn:uuid:" + id, "", ""},
		{"acme,globex", "", ""}, {"acme globex", "", ""}, {"ac_me", "", ""}, {slug + " ", "", ""},
		{"x" + slug + "--", "", ""},
	}).Draw(t, what+"'s text")
}

func drawCaller(t *rapid.T) tenancy.Principal {
	switch rapid.IntRange(0, 3).Draw(t, "caller") {
	case 0:
		return anonymous
	case 1:
		return platform
	case 2:
		return keyOf(rapid.SampledFrom(namedTenants).Draw(t, "key of"))
	default:
		return user(rapid.SliceOfN(rapid.SampledFrom(namedTenants), 0, 2).Draw(t, "places")...)
	}
}

// mayKnow defines, independently of the resolver, which tenants a caller may know.
func mayKnow(by tenancy.Principal, slug string) bool {
	states := map[string]tenancy.State{"acme": tenancy.Active, "globex": tenancy.Active,
		"frozen": tenancy.Suspended}
	state, exists := states[slug]
	if !exists {
		return false
	}
	switch by.Kind {
	case tenancy.PlatformToken:
		return true
	case "":
		return state == tenancy.Active
	}
	for _, p := range namedTenants {
		if string(p.Slug) == slug {
			return by.Roles[p.ID] != ""
		}
	}
	return false
}

// expectedOutcome defines, independently of the resolver, the outcome of a request:
// a slug or an error code.
func expectedOutcome(by tenancy.Principal, d testRequest) string {
	const none, mismatch, unknown = "tenant_required", "tenant_mismatch", "tenant_not_found"
	if len(d.claims) == 0 {
		return none
	}
	for _, line := range d.headers {
		if line != d.headers[0] {
			return mismatch
		}
	}
	one := d.claims[0]
	agree, seen := true, false
	for _, s := range d.claims {
		seen = seen || mayKnow(by, s.slugNamed())
		agree = agree && s.slugNamed() == one.slugNamed()
		for _, o := range d.claims {
			switch {
			case s.malformed() != o.malformed(), s.malformed() && s.text != o.text:
				return mismatch
			case s.slug != "" && o.slug != "" && s.slug != o.slug, s.id != "" && o.id != "" &&
				s.id != o.id:
				return mismatch
			}
		}
	}
	switch {
	case !seen:
		return unknown
	case !agree:
		return mismatch
	}
	return one.slugNamed()
}

// checkResolution resolves a request and requires the expected outcome: the tenant
// that every source names, or an error and no tenant.
func checkResolution(t require.TestingT, r *resolve.Resolver, by tenancy.Principal, d testRequest) {
	for _, p := range namedTenants {
		if by.KeyTenant == p.ID {
			d.claims = append(slices.Clip(d.claims), claim{id: string(p.Slug)})
		}
	}
	got, err := r.ResolveFor(context.Background(), by, r.FromRequest(d.req))
	want := expectedOutcome(by, d)
	if err != nil {
		require.Zero(t, got, "a tenant with an error")
		require.Equal(t, want, string(tenancy.CodeOf(err)), "%+v", d.claims)
		return
	}
	require.Equal(t, want, string(got.Slug), "%+v", d.claims)
	for _, s := range d.claims {
		require.Equal(t, string(got.Slug), s.slugNamed(), "a source names another tenant")
	}
}

// The test draws requests with random combinations of sources in every spelling,
// for tenants in every state and callers of every kind.
func TestRandomSourcesResolveToTheAgreedTenantOrAnError(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(),
		resolve.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	rapid.Check(t, func(rt *rapid.T) {
		checkResolution(rt, r, drawCaller(rt), drawRequest(rt))
	})
}

// everyName returns every way to name each tenant in a header or a path, and
// malformed names.
func everyName() []claim {
	all := []claim{{text: "No Slug"}, {text: "acme,globex"}}
	for _, p := range namedTenants {
		all = append(all, claim{text: string(p.Slug), slug: string(p.Slug)},
			claim{text: p.ID.String(), id: string(p.Slug)})
	}
	return all
}

// everyHeader returns no header, every header of one line, and each of them
// repeated and combined with another.
func everyHeader() [][]claim {
	names := append(everyName(), claim{text: ""})
	all := [][]claim{nil}
	for i, first := range names {
		another := names[(i+1)%len(names)]
		all = append(all, []claim{first}, []claim{first, first}, []claim{first, another})
	}
	return all
}

func everyCaller() []tenancy.Principal {
	all := []tenancy.Principal{anonymous, platform, user(), user(namedTenants...)}
	for _, p := range namedTenants {
		all = append(all, user(p), keyOf(p))
	}
	return all
}

// everyHost returns hosts of every tenant, hosts of no tenant, and malformed hosts.
func everyHost() map[string][]claim {
	all := map[string][]claim{
		"localhost": nil, "[::1]:80": nil, "www.localhost": nil,
		"a.acme.localhost":                {{text: "a.acme"}},
		"acme.localhost,globex.localhost": {{text: "acme.localhost,globex.localhost"}},
	}
	for _, p := range namedTenants {
		all[string(p.Slug)+".localhost"] = []claim{{slug: string(p.Slug)}}
	}
	return all
}

// The test combines each host with each header, each path and each caller, whose
// key is a source too.
func TestEveryCombinationOfSourcesResolvesAsExpected(t *testing.T) {
	t.Parallel()
	headers, paths, callers := everyHeader(), append(everyName(), claim{}), everyCaller()
	for host, hostClaims := range everyHost() {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			r := resolve.New(allTenants(), resolve.Options{})
			outcomes := map[string]int{}
			for _, lines := range headers {
				for _, path := range paths {
					d := requestOf(host, hostClaims, lines, path)
					for _, by := range callers {
						checkResolution(t, r, by, d)
						outcomes[expectedOutcome(by, d)]++
					}
				}
			}
			assert.Greater(t, outcomes["tenant_mismatch"], 1000)
			assert.Positive(t, outcomes["tenant_not_found"])
		})
	}
}

// requestOf makes a request from its sources. A path without text is absent.
func requestOf(host string, hostClaims, lines []claim, path claim) testRequest {
	d := testRequest{req: &http.Request{Host: host, Header: http.Header{},
		RemoteAddr: "192.0.2.1:4711"}}
	d.claims = slices.Concat(hostClaims, lines)
	for _, line := range lines {
		d.headers = append(d.headers, line.text)
		d.req.Header.Add(resolve.Header, line.text)
	}
	if path.text != "" {
		d.claims = append(d.claims, path)
		d.req.SetPathValue(resolve.PathValue, path.text)
	}
	return d
}
