package resolve_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

var _ resolve.Tenants = ports.Tenants(nil)

func TestEverySourceMustNameTheSameTenant(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
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
		{"header by id in capitals", resolve.Sources{Headers: h(strings.ToUpper(acme.ID.String()))},
			"acme"},
		{"path by slug", resolve.Sources{Path: "acme"}, "acme"},
		{"path by id", resolve.Sources{Path: acme.ID.String()}, "acme"},
		{"key", resolve.Sources{Key: acme.ID}, "acme"},
		{"the default tenant", resolve.Sources{Host: "default.localhost", Headers: h("default")},
			"default"},
		{"a suspended tenant", resolve.Sources{Host: "frozen.localhost", Key: suspended.ID},
			"frozen"},
		{"all four", resolve.Sources{
			Host: "ACME.localhost.:8080", Headers: h("acme"), Path: acme.ID.String(), Key: acme.ID,
		}, "acme"},
		{"a host that names none and a header",
			resolve.Sources{Host: "10.0.0.1", Headers: h("acme")}, "acme"},

		{"host against header", resolve.Sources{Host: "acme.localhost", Headers: h("globex")},
			mismatch},
		{"host against path", resolve.Sources{Host: "acme.localhost", Path: "globex"}, mismatch},
		{"host against key", resolve.Sources{Host: "acme.localhost", Key: globex.ID}, mismatch},
		{"header against key", resolve.Sources{Headers: h(acme.ID.String()), Key: globex.ID},
			mismatch},
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
		{"the zero id", resolve.Sources{Headers: h("00000000-0000-0000-0000-000000000000")},
			unknown},
		{"an empty header", resolve.Sources{Headers: h("")}, unknown},
		{"a list", resolve.Sources{Headers: h("acme,acme")}, unknown},
		{"the same unknown name everywhere", resolve.Sources{
			Host: "ghost.localhost", Headers: h("ghost"), Path: "ghost",
		}, unknown},

		{"unknown and known", resolve.Sources{Host: "acme.localhost", Headers: h("ghost")},
			mismatch},
		{"known and unknown", resolve.Sources{Host: "ghost.localhost", Headers: h("acme")},
			mismatch},
		{"deleted and known", resolve.Sources{Host: "gone.localhost", Headers: h("acme")},
			mismatch},
		{"deleted and its own id", resolve.Sources{Host: "gone.localhost", Key: deleted.ID},
			unknown},
		{"deleted and another's id", resolve.Sources{Host: "gone.localhost", Key: acme.ID},
			mismatch},
		{"an unknown slug and an unknown id",
			resolve.Sources{Host: "ghost.localhost", Path: tenancy.NewID().String()}, unknown},
		{"a deleted one's slug and an unknown id",
			resolve.Sources{Host: "gone.localhost", Path: tenancy.NewID().String()}, unknown},
		{"an unknown slug and a deleted one's id",
			resolve.Sources{Host: "ghost.localhost", Key: deleted.ID}, unknown},
		{"two unknown ids", resolve.Sources{Path: tenancy.NewID().String(), Key: tenancy.NewID()},
			mismatch},
		{"two unknown ones", resolve.Sources{Host: "ghost.localhost", Headers: h("spook")},
			mismatch},
		{"an empty header and a host", resolve.Sources{Host: "acme.localhost", Headers: h("")},
			mismatch},
		{"a list and a host",
			resolve.Sources{Host: "acme.localhost", Headers: h("acme, globex")}, mismatch},

		{"a header line twice", resolve.Sources{Headers: h("acme", "acme")}, "acme"},
		{"two header lines", resolve.Sources{Headers: h("acme", "globex")}, mismatch},
		{"two header lines of one tenant", resolve.Sources{Headers: h("acme", acme.ID.String())},
			mismatch},
		{"an empty line after the first", resolve.Sources{Headers: h("acme", "")}, mismatch},
		{"an empty line before the second", resolve.Sources{Headers: h("", "acme")}, mismatch},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, outcome(t, r, c.sources))
		})
	}
}

func TestSourcesAgreeOnATenantInAnyState(t *testing.T) {
	t.Parallel()
	r := resolve.New(newStore(), resolve.Options{}) // an empty store
	id := deleted.ID.String()
	for _, c := range []struct {
		sources resolve.Sources
		want    tenancy.Code
	}{
		{resolve.Sources{Path: "gone"}, ""},
		{resolve.Sources{Path: id}, ""},
		{resolve.Sources{Host: "GONE.localhost:80", Headers: []string{strings.ToUpper(id)},
			Path: "gone", Key: deleted.ID}, ""},
		{resolve.Sources{}, tenancy.CodeNoTenant},
		{resolve.Sources{Path: "No Slug"}, tenancy.CodeTenantNotFound},
		{resolve.Sources{Path: "acme"}, tenancy.CodeTenantMismatch},
		{resolve.Sources{Key: acme.ID}, tenancy.CodeTenantMismatch},
		{resolve.Sources{Path: "gone", Headers: []string{acme.ID.String()}},
			tenancy.CodeTenantMismatch},
		{resolve.Sources{Path: id, Headers: []string{"acme"}}, tenancy.CodeTenantMismatch},
		{resolve.Sources{Path: "gone", Headers: []string{"acme"}}, tenancy.CodeTenantMismatch},
		{resolve.Sources{Path: "gone", Headers: []string{"No Slug"}}, tenancy.CodeTenantMismatch},
		{resolve.Sources{Path: "gone", Headers: []string{"gone", id}}, tenancy.CodeTenantMismatch},
	} {
		assert.Equal(t, c.want, tenancy.CodeOf(r.Agree(c.sources, deleted)), "%+v", c.sources)
	}
}

func TestNotFoundErrorsAreIdentical(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	for _, text := range []string{"ghost", "gone", "Not A Slug", deleted.ID.String(), "xn--acme",
		""} {
		_, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{text}})
		assert.Same(t, tenancy.ErrTenantNotFound, err, "%q", text)
	}
}

func TestMismatchErrorsAreIdentical(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	_, known := r.Resolve(t.Context(), resolve.Sources{Host: "acme.localhost", Path: "globex"})
	for _, text := range []string{"ghost", "gone", "frozen", "Not A Slug", deleted.ID.String()} {
		_, err := r.Resolve(t.Context(), resolve.Sources{Host: "acme.localhost", Path: text})
		assert.Same(t, known, err, "%q", text)
	}
}

func TestNewRefusesInvalidOptions(t *testing.T) {
	t.Parallel()
	assert.PanicsWithValue(t, "resolve.New: tenants is nil",
		func() { resolve.New(nil, resolve.Options{}) })

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
			assert.Panics(t, func() { resolve.New(newStore(), o) })
		})
	}
	require.NoError(t, resolve.Options{}.Check())
	require.NoError(t, resolve.Options{BaseDomain: "Notes.Example.com."}.Check())
}
