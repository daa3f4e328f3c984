package resolve_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// fromClaim is a source for a header that the host's own authentication sets.
func fromClaim(req *http.Request) (string, bool) {
	values := req.Header.Values("X-Claim")
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

func TestHostsSourceNamesATenantAndMustAgree(t *testing.T) {
	t.Parallel()
	acme, beta := tenant("acme", tenancy.Active), tenant("beta", tenancy.Active)
	r := resolve.New(newStore(acme, beta), resolve.Options{
		BaseDomain: "example.com", Sources: []resolve.Source{fromClaim}})
	for name, c := range map[string]struct {
		host, header, claim string
		hasClaim            bool
		want                tenancy.Tenant
		code                tenancy.Code
	}{
		"a slug":               {claim: "acme", hasClaim: true, want: acme},
		"an id":                {claim: acme.ID.String(), hasClaim: true, want: acme},
		"no claim":             {host: "beta.example.com", want: beta},
		"nothing":              {code: tenancy.CodeNoTenant},
		"agreement":            {"acme.example.com", "acme", "acme", true, acme, ""},
		"another subdomain":    {"beta.example.com", "", "acme", true, acme, tenancy.CodeTenantMismatch},
		"another header":       {"", "beta", "acme", true, acme, tenancy.CodeTenantMismatch},
		"another header by id": {"", beta.ID.String(), "acme", true, acme, tenancy.CodeTenantMismatch},
		"an unknown tenant":    {claim: "gamma", hasClaim: true, code: tenancy.CodeTenantNotFound},
		"an empty claim":       {hasClaim: true, code: tenancy.CodeTenantNotFound},
		"an empty claim and a header": {"", "acme", "", true, acme,
			tenancy.CodeTenantMismatch},
		"no slug": {claim: "Acme'; --", hasClaim: true, code: tenancy.CodeTenantNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			host := c.host
			if host == "" {
				host = "example.com"
			}
			req := httptest.NewRequestWithContext(t.Context(), "GET", "http://"+host+"/", nil)
			if c.header != "" {
				req.Header.Set(resolve.Header, c.header)
			}
			if c.hasClaim {
				req.Header.Set("X-Claim", c.claim)
			}
			got, err := r.Resolve(t.Context(), r.FromRequest(req))
			require.Equal(t, c.code, tenancy.CodeOf(err), "%v", err)
			if c.code == "" {
				assert.Equal(t, c.want.ID, got.ID)
			}
		})
	}
}

// A member who claims another tenant learns no more than from another header.
func TestHostsSourceRevealsNoTenant(t *testing.T) {
	t.Parallel()
	acme, beta := tenant("acme", tenancy.Active), tenant("beta", tenancy.Active)
	r := resolve.New(newStore(acme, beta), resolve.Options{
		Sources: []resolve.Source{fromClaim}})
	member := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u",
		Roles: map[tenancy.ID]tenancy.Role{acme.ID: tenancy.Viewer}}
	key := tenancy.Principal{Kind: tenancy.KeyPrincipal, ID: "k", KeyTenant: acme.ID,
		Roles: member.Roles}
	ask := func(by tenancy.Principal, named string) error {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "http://localhost/", nil)
		req.Header.Set("X-Claim", named)
		_, err := r.ResolveFor(t.Context(), by, r.FromRequest(req))
		return err
	}
	require.NoError(t, ask(member, "acme"))
	require.NoError(t, ask(key, "acme"))
	require.Equal(t, ask(member, "unknown"), ask(member, "beta"))
	require.Equal(t, ask(key, beta.ID.String()), ask(key, tenancy.NewID().String()))
}

func TestCustomDomainNamesATenant(t *testing.T) {
	t.Parallel()
	acme := tenant("acme", tenancy.Active)
	proxy := netip.MustParsePrefix("10.0.0.0/8")
	domains := map[string]string{"notes.acme.test": "acme", "other.test": "beta"}
	source := resolve.CustomDomains(func(domain string) (string, bool) {
		name, ok := domains[domain]
		return name, ok
	}, proxy)
	r := resolve.New(newStore(acme), resolve.Options{BaseDomain: "example.com",
		TrustedProxies: []netip.Prefix{proxy}, Sources: []resolve.Source{source}})
	for _, c := range []struct {
		host, forwarded, from string
		code                  tenancy.Code
	}{
		{"notes.acme.test", "", "192.0.2.1:1", ""},
		{"NOTES.acme.test.:8443", "", "192.0.2.1:1", ""},
		{"internal", "notes.acme.test", "10.1.2.3:1", ""},
		{"internal", "notes.acme.test", "192.0.2.1:1", tenancy.CodeNoTenant},
		{"sub.notes.acme.test", "", "192.0.2.1:1", tenancy.CodeNoTenant},
		{"other.test", "", "192.0.2.1:1", tenancy.CodeTenantNotFound},
		{"notes.acme.test,x", "", "192.0.2.1:1", tenancy.CodeTenantNotFound},
		{"notes.acme.test:x", "", "192.0.2.1:1", tenancy.CodeTenantNotFound},
	} {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		req.Host, req.RemoteAddr = c.host, c.from
		if c.forwarded != "" {
			req.Header.Set("X-Forwarded-Host", c.forwarded)
		}
		got, err := r.Resolve(t.Context(), r.FromRequest(req))
		require.Equal(t, c.code, tenancy.CodeOf(err), "%+v: %v", c, err)
		if c.code == "" {
			require.Equal(t, acme.ID, got.ID)
		}
	}
}
