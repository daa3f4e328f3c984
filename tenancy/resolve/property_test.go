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

// said is what one source says, known without reading its text.
type said struct {
	text string
	slug string // of whom: by slug …
	id   string // … or by id; neither: malformed
}

func (s said) malformed() bool { return s.slug == "" && s.id == "" }

// whom is the tenant that is meant, by the slug that it has or would have.
func (s said) whom() string { return s.slug + s.id }

// people are the tenants that texts are about. The last one is in no store.
var people = []tenancy.Tenant{acme, globex, suspended, deleted, tenant("ghost", "")}

// A request and, beside it, what its sources say.
type drawn struct {
	req     *http.Request
	said    []said
	headers []string
}

func drawRequest(t *rapid.T) drawn {
	d := drawn{req: &http.Request{Header: http.Header{}, RemoteAddr: "192.0.2.1:4711"}}
	host, says := drawHost(t, "host")
	d.req.Host = host
	if rapid.Bool().Draw(t, "forwarded") {
		client, _ := drawHost(t, "forwarded by the client")
		proxied, theirs := drawHost(t, "forwarded by the proxy")
		d.req.Header["X-Forwarded-Host"] = rapid.SampledFrom([][]string{
			{proxied}, {client + ", " + proxied}, {client, proxied},
			{client + "," + client, client + ",\t" + proxied},
		}).Draw(t, "in lines")
		if rapid.Bool().Draw(t, "by a trusted proxy") {
			d.req.RemoteAddr, says = "10.0.0.1:4711", theirs
		}
	}
	d.said = append(d.said, says...)
	for range rapid.IntRange(0, 3).Draw(t, "header lines") {
		s := drawName(t, "header")
		d.said, d.headers = append(d.said, s), append(d.headers, s.text)
		d.req.Header.Add(resolve.Header, s.text)
	}
	if rapid.Bool().Draw(t, "with a path") {
		s := drawName(t, "path")
		d.said = append(d.said, s)
		d.req.SetPathValue(resolve.PathValue, s.text)
	}
	return d
}

// drawHost answers a host, and what it says if it says anything.
func drawHost(t *rapid.T, what string) (string, []said) {
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
		return label + base + suffix, []said{{text: label}}
	}
	whom := rapid.SampledFrom(people).Draw(t, what)
	label := string(whom.Slug)
	if rapid.Bool().Draw(t, what+" in capitals") {
		label = strings.ToUpper(label)
	}
	return label + base + suffix, []said{{slug: string(whom.Slug)}}
}

// drawName answers the text of a header or a path, and what it says.
func drawName(t *rapid.T, what string) said {
	whom := rapid.SampledFrom(people).Draw(t, what)
	slug, id := string(whom.Slug), whom.ID.String()
	return rapid.SampledFrom([]said{
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
		return nobody
	case 1:
		return platform
	case 2:
		return keyOf(rapid.SampledFrom(people).Draw(t, "key of"))
	default:
		return user(rapid.SliceOfN(rapid.SampledFrom(people), 0, 2).Draw(t, "places")...)
	}
}

// sees says independently whom a caller may know of.
func sees(by tenancy.Principal, slug string) bool {
	states := map[string]tenancy.State{"acme": tenancy.Active, "globex": tenancy.Active,
		"frozen": tenancy.Suspended}
	state, there := states[slug]
	if !there {
		return false
	}
	switch by.Kind {
	case tenancy.PlatformToken:
		return true
	case "":
		return state == tenancy.Active
	}
	for _, p := range people {
		if string(p.Slug) == slug {
			return by.Roles[p.ID] != ""
		}
	}
	return false
}

// verdict says independently what must come of a request: a slug or a code.
func verdict(by tenancy.Principal, d drawn) string {
	const none, mismatch, unknown = "tenant_required", "tenant_mismatch", "tenant_not_found"
	if len(d.said) == 0 {
		return none
	}
	for _, line := range d.headers {
		if line != d.headers[0] {
			return mismatch
		}
	}
	one := d.said[0]
	agree, seen := true, false
	for _, s := range d.said {
		seen = seen || sees(by, s.whom())
		agree = agree && s.whom() == one.whom()
		for _, o := range d.said {
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
	return one.whom()
}

// judge resolves a request and wants what verdict says: the tenant that every
// source names, or an error and no tenant.
func judge(t require.TestingT, r *resolve.Resolver, by tenancy.Principal, d drawn) {
	for _, p := range people {
		if by.KeyTenant == p.ID {
			d.said = append(slices.Clip(d.said), said{id: string(p.Slug)})
		}
	}
	got, err := r.ResolveFor(context.Background(), by, r.FromRequest(d.req))
	want := verdict(by, d)
	if err != nil {
		require.Zero(t, got, "a tenant beside an error")
		require.Equal(t, want, string(tenancy.CodeOf(err)), "%+v", d.said)
		return
	}
	require.Equal(t, want, string(got.Slug), "%+v", d.said)
	for _, s := range d.said {
		require.Equal(t, string(got.Slug), s.whom(), "a source names another tenant")
	}
}

// TestTheAgreedTenantOrAnErrorNeverAGuess draws requests with every combination
// of sources in every disguise, for tenants in every state and callers of every
// kind.
func TestTheAgreedTenantOrAnErrorNeverAGuess(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(),
		resolve.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	rapid.Check(t, func(rt *rapid.T) {
		judge(rt, r, drawCaller(rt), drawRequest(rt))
	})
}

// everyName are the ways to name everybody in a header or a path, and names of
// nobody.
func everyName() []said {
	all := []said{{text: "No Slug"}, {text: "acme,globex"}}
	for _, p := range people {
		all = append(all, said{text: string(p.Slug), slug: string(p.Slug)},
			said{text: p.ID.String(), id: string(p.Slug)})
	}
	return all
}

// everyHeader are no header, every header of one line, and each of them beside
// itself and beside another.
func everyHeader() [][]said {
	names := append(everyName(), said{text: ""})
	all := [][]said{nil}
	for i, first := range names {
		another := names[(i+1)%len(names)]
		all = append(all, []said{first}, []said{first, first}, []said{first, another})
	}
	return all
}

func everyCaller() []tenancy.Principal {
	all := []tenancy.Principal{nobody, platform, user(), user(people...)}
	for _, p := range people {
		all = append(all, user(p), keyOf(p))
	}
	return all
}

// everyHost are the hosts of everybody, of nobody, and no host's name at all.
func everyHost() map[string][]said {
	all := map[string][]said{
		"localhost": nil, "[::1]:80": nil, "www.localhost": nil,
		"a.acme.localhost":                {{text: "a.acme"}},
		"acme.localhost,globex.localhost": {{text: "acme.localhost,globex.localhost"}},
	}
	for _, p := range people {
		all[string(p.Slug)+".localhost"] = []said{{slug: string(p.Slug)}}
	}
	return all
}

// TestEveryCombinationOfSources leaves nothing to the draw: each host with each
// header, each path and each caller, whose key is a source too.
func TestEveryCombinationOfSources(t *testing.T) {
	t.Parallel()
	headers, paths, callers := everyHeader(), append(everyName(), said{}), everyCaller()
	for host, hostSays := range everyHost() {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			r := resolve.New(everyone(), resolve.Options{})
			outcomes := map[string]int{}
			for _, lines := range headers {
				for _, path := range paths {
					d := requestOf(host, hostSays, lines, path)
					for _, by := range callers {
						judge(t, r, by, d)
						outcomes[verdict(by, d)]++
					}
				}
			}
			assert.Greater(t, outcomes["tenant_mismatch"], 1000)
			assert.Positive(t, outcomes["tenant_not_found"])
		})
	}
}

// requestOf makes a request out of its sources. A path without text isn't there.
func requestOf(host string, hostSays, lines []said, path said) drawn {
	d := drawn{req: &http.Request{Host: host, Header: http.Header{}, RemoteAddr: "192.0.2.1:4711"}}
	d.said = slices.Concat(hostSays, lines)
	for _, line := range lines {
		d.headers = append(d.headers, line.text)
		d.req.Header.Add(resolve.Header, line.text)
	}
	if path.text != "" {
		d.said = append(d.said, path)
		d.req.SetPathValue(resolve.PathValue, path.text)
	}
	return d
}
