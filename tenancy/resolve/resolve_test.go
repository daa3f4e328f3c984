package resolve_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

var _ resolve.Tenants = ports.Tenants(nil)

func TestEverySourceMustNameTheSameTenant(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{})
	h := func(values ...string) []string { return values }

	const none, mismatch, unknown = "tenant_required", "tenant_mismatch", "tenant_not_found"
	for _, c := range []struct {
		name    string
		sources resolve.Sources
		want    string
	}{
		{"nothing", resolve.Sources{}, none},
		{"a host that names none", resolve.Sources{Host: "localhost:8080"}, none},

		{"host", resolve.Sources{Host: "acme.localhost"}, "acme"},
		{"header by slug", resolve.Sources{Headers: h("acme")}, "acme"},
		{"header by id", resolve.Sources{Headers: h(acme.ID.String())}, "acme"},
		{"header by id in capitals", resolve.Sources{Headers: h(strings.ToUpper(acme.ID.String()))}, "acme"},
		{"path by slug", resolve.Sources{Path: "acme"}, "acme"},
		{"path by id", resolve.Sources{Path: acme.ID.String()}, "acme"},
		{"key", resolve.Sources{Key: acme.ID}, "acme"},
		{"the default tenant", resolve.Sources{Host: "default.localhost", Headers: h("default")}, "default"},
		{"a suspended tenant", resolve.Sources{Host: "frozen.localhost", Key: suspended.ID}, "frozen"},
		{"all four", resolve.Sources{
			Host: "ACME.localhost.:8080", Headers: h("acme"), Path: acme.ID.String(), Key: acme.ID,
		}, "acme"},
		{"a host that names none beside a header", resolve.Sources{Host: "10.0.0.1", Headers: h("acme")}, "acme"},

		{"host against header", resolve.Sources{Host: "acme.localhost", Headers: h("globex")}, mismatch},
		{"host against path", resolve.Sources{Host: "acme.localhost", Path: "globex"}, mismatch},
		{"host against key", resolve.Sources{Host: "acme.localhost", Key: globex.ID}, mismatch},
		{"header against key", resolve.Sources{Headers: h(acme.ID.String()), Key: globex.ID}, mismatch},
		{"path against three", resolve.Sources{
			Host: "acme.localhost", Headers: h("acme"), Path: "globex", Key: acme.ID,
		}, mismatch},

		{"unknown", resolve.Sources{Host: "ghost.localhost"}, unknown},
		{"unknown id", resolve.Sources{Headers: h(tenancy.NewID().String())}, unknown},
		{"deleted", resolve.Sources{Path: "gone"}, unknown},
		{"deleted by id", resolve.Sources{Headers: h(deleted.ID.String())}, unknown},
		{"a key of a deleted tenant", resolve.Sources{Key: deleted.ID}, unknown},
		{"malformed", resolve.Sources{Headers: h("Acme!")}, unknown},
		{"in capitals", resolve.Sources{Headers: h("ACME")}, unknown},
		{"the zero id", resolve.Sources{Headers: h("00000000-0000-0000-0000-000000000000")}, unknown},
		{"an empty header", resolve.Sources{Headers: h("")}, unknown},
		{"a list", resolve.Sources{Headers: h("acme,acme")}, unknown},
		{"the same unknown name everywhere", resolve.Sources{
			Host: "ghost.localhost", Headers: h("ghost"), Path: "ghost",
		}, unknown},

		{"unknown beside known", resolve.Sources{Host: "acme.localhost", Headers: h("ghost")}, mismatch},
		{"known beside unknown", resolve.Sources{Host: "ghost.localhost", Headers: h("acme")}, mismatch},
		{"deleted beside known", resolve.Sources{Host: "gone.localhost", Headers: h("acme")}, mismatch},
		{"deleted beside its own id", resolve.Sources{Host: "gone.localhost", Key: deleted.ID}, mismatch},
		{"two unknown ones", resolve.Sources{Host: "ghost.localhost", Headers: h("spook")}, mismatch},
		{"an empty header beside a host", resolve.Sources{Host: "acme.localhost", Headers: h("")}, mismatch},
		{"a list beside a host", resolve.Sources{Host: "acme.localhost", Headers: h("acme, globex")}, mismatch},

		{"a header line twice", resolve.Sources{Headers: h("acme", "acme")}, "acme"},
		{"two header lines", resolve.Sources{Headers: h("acme", "globex")}, mismatch},
		{"two header lines of one tenant", resolve.Sources{Headers: h("acme", acme.ID.String())}, mismatch},
		{"an empty line after the first", resolve.Sources{Headers: h("acme", "")}, mismatch},
		{"an empty line before the second", resolve.Sources{Headers: h("", "acme")}, mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, outcome(t, r, c.sources))
		})
	}
}

func TestNoTenantIsToldFromAnother(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{})
	for _, text := range []string{"ghost", "gone", "Not A Slug", deleted.ID.String(), "xn--acme", ""} {
		_, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{text}})
		assert.Same(t, tenancy.ErrTenantNotFound, err, "%q", text)
	}
}

func TestAMismatchIsNotToldFromAnother(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{})
	_, known := r.Resolve(t.Context(), resolve.Sources{Host: "acme.localhost", Path: "globex"})
	for _, text := range []string{"ghost", "gone", "frozen", "Not A Slug", deleted.ID.String()} {
		_, err := r.Resolve(t.Context(), resolve.Sources{Host: "acme.localhost", Path: text})
		assert.Same(t, known, err, "%q", text)
	}
}

// TestTheAgreedTenantOrAnError goes through all combinations of sources, and
// compares with a table of what each text means.
func TestTheAgreedTenantOrAnError(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{})
	meaning := map[string]tenancy.Slug{ // absent: names no tenant
		"acme": "acme", acme.ID.String(): "acme",
		"globex": "globex", globex.ID.String(): "globex",
		"frozen": "frozen", suspended.ID.String(): "frozen",
	}
	slugs := rapid.SampledFrom([]string{"", "acme", "globex", "frozen", "gone", "ghost", "bad_one"})
	texts := rapid.SampledFrom([]string{
		"acme", "globex", "frozen", "gone", "ghost", "bad_one", "acme,globex",
		acme.ID.String(), globex.ID.String(), suspended.ID.String(), deleted.ID.String(),
	})
	keys := rapid.SampledFrom([]tenancy.ID{{}, acme.ID, globex.ID, suspended.ID, deleted.ID})

	rapid.Check(t, func(rt *rapid.T) {
		var s resolve.Sources
		var said []string
		if label := slugs.Draw(rt, "host"); label != "" {
			s.Host = label + ".localhost"
			said = append(said, label)
		}
		s.Headers = rapid.SliceOfN(texts, 0, 2).Draw(rt, "headers")
		said = append(said, s.Headers...)
		if rapid.Bool().Draw(rt, "with a path") {
			s.Path = texts.Draw(rt, "path")
			said = append(said, s.Path)
		}
		if s.Key = keys.Draw(rt, "key"); !s.Key.IsZero() {
			said = append(said, s.Key.String())
		}

		got, err := r.Resolve(t.Context(), s)
		want, agree := meaning[first(said)], true
		for _, text := range said {
			agree = agree && want != "" && meaning[text] == want
		}
		switch {
		case len(said) == 0:
			require.ErrorIs(rt, err, tenancy.ErrNoTenant)
		case agree && !(len(s.Headers) == 2 && s.Headers[0] != s.Headers[1]):
			require.NoError(rt, err)
			require.Equal(rt, want, got.Slug)
		default:
			code := tenancy.CodeOf(err)
			require.Contains(rt, []tenancy.Code{tenancy.CodeTenantMismatch, tenancy.CodeTenantNotFound}, code)
			require.Equal(rt, allSame(said), code == tenancy.CodeTenantNotFound, "%v", said)
			require.Zero(rt, got)
		}
	})
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

func allSame(list []string) bool {
	for _, s := range list {
		if s != list[0] {
			return false
		}
	}
	return true
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	assert.PanicsWithValue(t, "resolve.New: tenants is nil", func() { resolve.New(nil, resolve.Options{}) })

	for name, o := range map[string]resolve.Options{
		"a scheme":         {BaseDomain: "https://example.com"},
		"a port":           {BaseDomain: "example.com:8080"},
		"a wildcard":       {BaseDomain: "*.example.com"},
		"a leading dot":    {BaseDomain: ".example.com"},
		"two dots":         {BaseDomain: "example..com"},
		"only a dot":       {BaseDomain: "."},
		"an address":       {BaseDomain: "127.0.0.1"},
		"an IPv6 address":  {BaseDomain: "::1"},
		"a space":          {BaseDomain: " example.com"},
		"a long label":     {BaseDomain: strings.Repeat("a", 64) + ".com"},
		"a long domain":    {BaseDomain: strings.Repeat("abcd.", 51) + "com"},
		"no network":       {TrustedProxies: []netip.Prefix{{}}},
		"a negative size":  {CacheSize: -1},
		"a negative TTL":   {TTL: -time.Second},
		"a negative other": {UnknownTTL: -time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, o.Check(), "Options.")
			assert.Panics(t, func() { resolve.New(newWorld(), o) })
		})
	}
	require.NoError(t, resolve.Options{}.Check())
	require.NoError(t, resolve.Options{BaseDomain: "Notes.Example.com."}.Check())
}
