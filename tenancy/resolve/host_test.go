package resolve_test

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestHostNamesATenantOrNone(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	const none, unknown = "tenant_required", "tenant_not_found"
	for host, want := range map[string]string{
		"acme.localhost":       "acme",
		"acme.localhost:8080":  "acme",
		"acme.localhost:":      "acme",
		"acme.localhost.":      "acme",
		"acme.localhost.:8080": "acme",
		"ACME.LocalHost":       "acme",
		"default.localhost":    "default",

		"":                     none,
		"localhost":            none,
		"localhost.:80":        none,
		"LOCALHOST":            none,
		"www.localhost":        none,
		"API.localhost:443":    none,
		"example.com":          none,
		"acme.example.com":     none,
		"evillocalhost":        none,
		"acme.evillocalhost":   none,
		"acme.localhost.evil":  none,
		"acme.localhost.a.com": none,
		"acmelocalhost":        none,
		"127.0.0.1":            none,
		"127.0.0.1:8080":       none,
		"[::1]":                none,
		"[::1]:8080":           none,
		"::1":                  none,
		"[fe80::1%25eth0]:80":  none,
		"fe80::1%eth0":         none,
		"service_1:8080":       none,
		"_acme.example.com":    none,

		"a.acme.localhost":              unknown,
		"acme.www.localhost":            unknown,
		"www.acme.localhost":            unknown,
		"acme..localhost":               unknown,
		".localhost":                    unknown,
		"a.localhost":                   unknown,
		"-acme.localhost":               unknown,
		"ac_me.localhost":               unknown,
		"acme .localhost":               unknown,
		"acme\x00.localhost":            unknown,
		"xn--acme-abc.localhost":        unknown,
		"*.localhost":                   unknown,
		"acmé.localhost":                unknown,
		"gone.localhost":                unknown,
		"ghost.localhost":               unknown,
		"\u212aey.localhost":            unknown, // the Kelvin sign isn't a k
		"user@acme.localhost":           unknown,
		"127.0.0.1.localhost":           unknown,
		acme.ID.String() + ".localhost": unknown, // a host has a slug, not an id

		// Malformed hosts are refused, not ignored.
		"acme.localhost..":          unknown,
		"acme.localhost:http":       unknown,
		"acme.localhost:80:80":      unknown,
		"acme.localhost:123456":     unknown,
		"acme.localhost:-1":         unknown,
		"acme.localhost,evil":       unknown,
		"globex.a.com,acme.b.com":   unknown,
		"acme%2elocalhost":          unknown,
		"acme%2Elocalhost:80":       unknown,
		"acme\u3002localhost":       unknown, // dots to IDNA, RFC 3490
		"acme\uff0elocalhost":       unknown,
		"acme\uff61localhost":       unknown,
		"acme.localhost@evil.com":   unknown,
		"acme.localhost/evil.com":   unknown,
		"acme.localhost\\.evil.com": unknown,
		"http://acme.localhost":     unknown,
		"acme.localhost evil.com":   unknown,
		"evil.com\tacme.localhost":  unknown,
		"evil.com\x00":              unknown,
		"acme.localhost\r\n":        unknown,
		"example.com:80:80":         unknown,
		":8080":                     unknown,
		".":                         unknown,
		"[::1":                      unknown,
		"[::1]8080":                 unknown,
		"[acme.localhost]":          unknown,
		"[::1].acme.localhost":      unknown,
		"fe80::1%acme.localhost":    unknown,
		"[fe80::1%x.localhost]:80":  unknown,
	} {
		t.Run(host, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, want, outcome(t, r, resolve.Sources{Host: host}))
		})
	}
}

func TestHostFoldsASCIIOnly(t *testing.T) {
	t.Parallel()
	r := resolve.New(newStore(tenant("key", tenancy.Active)),
		resolve.Options{BaseDomain: "kiosk.example"})
	const kelvin = "\u212a" // strings.ToLower makes a k of it
	for host, want := range map[string]string{
		"KEY.KIOSK.example":              "key",
		kelvin + "EY.kiosk.example":      "tenant_not_found",
		kelvin + "ey.kiosk.example":      "tenant_not_found",
		"KEY." + kelvin + "IOSK.example": "tenant_not_found", // malformed
	} {
		assert.Equal(t, want, outcome(t, r, resolve.Sources{Host: host}), host)
	}
}

func TestHostIsMatchedAgainstTheBaseDomain(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{BaseDomain: "Registry.Example.com."})
	for host, want := range map[string]string{
		"acme.registry.example.com":          "acme",
		"acme.REGISTRY.example.com.:443":     "acme",
		"registry.example.com":               "tenant_required",
		"acme.example.com":                   "tenant_required",
		"acme.localhost":                     "tenant_required",
		"acmeregistry.example.com":           "tenant_required",
		"acme.registry.example.com.evil.org": "tenant_required",
		"a.b.registry.example.com":           "tenant_not_found",
	} {
		assert.Equal(t, want, outcome(t, r, resolve.Sources{Host: host}), host)
	}
}

// hostForm defines, independently of the resolver, which hosts name a tenant under
// localhost.
var hostForm = regexp.MustCompile(`^([a-zA-Z0-9][a-zA-Z0-9-]*)\.(?i:localhost)\.?(:[0-9]{0,5})?$`)

// elsewhereForm defines which hosts may be ignored: none, a name or an address
// with or without a port. An address may have a zone.
var elsewhereForm = regexp.MustCompile(
	`^$|^[a-zA-Z0-9._-]+(:[0-9]{0,5})?$|^[0-9a-fA-F:.]+(%.+)?$|^\[[0-9a-fA-F:.]+(%.+)?\](:[0-9]{0,5})?$`)

// hasSlug reports whether a label is the slug of a tenant in [everySlug].
func hasSlug(label string) bool {
	_, err := tenancy.ParseSlug(strings.ToLower(label))
	return err == nil
}

func FuzzHost(f *testing.F) {
	for _, host := range []string{
		"acme.localhost", "acme.localhost.:8080", "[::1]:80", "www.localhost",
		"acme.localhost.evil.com",
		"evillocalhost", "xn--acme.localhost", "\u212aey.localhost", "a.b.localhost",
		"fe80::1%acme.localhost",
		"acme%2elocalhost", "acme\u3002localhost", "acme.localhost,beta.localhost",
		"acme.localhost@evil.com", "ACME.localhost.:",
		"::%::\xcf\n",
	} {
		f.Add(host)
	}
	r := resolve.New(everySlug{}, resolve.Options{CacheSize: 100})
	f.Fuzz(func(t *testing.T, host string) {
		got, err := r.Resolve(t.Context(), resolve.Sources{Host: host})
		form := hostForm.FindStringSubmatch(host)
		if err == nil {
			if form == nil || !strings.EqualFold(form[1], string(got.Slug)) {
				t.Fatalf("%q names %q", host, got.Slug)
			}
			if _, err := tenancy.ParseSlug(string(got.Slug)); err != nil {
				t.Fatalf("%q: %v", host, err)
			}
			return
		}
		switch tenancy.CodeOf(err) {
		case tenancy.CodeNoTenant:
			// Only a host that can't name a tenant of this domain may be ignored.
			if form != nil && !tenancy.Slug(strings.ToLower(form[1])).Reserved() ||
				!elsewhereForm.MatchString(host) {
				t.Fatalf("%q was ignored", host)
			}
		case tenancy.CodeTenantNotFound:
			if _, err := netip.ParseAddrPort(host); err == nil && !strings.Contains(host, "%") {
				t.Fatalf("the address %q names a tenant", host)
			}
			if form != nil && hasSlug(form[1]) {
				t.Fatalf("%q, a spelling of a valid name, was refused", host)
			}
		default:
			t.Fatalf("%q: %v", host, err)
		}
	})
}
