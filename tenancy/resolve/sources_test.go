package resolve_test

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func request(host, remote string, header http.Header) *http.Request {
	req := httptest.NewRequest(http.MethodGet, "/", nil)
	req.Host, req.RemoteAddr, req.Header = host, remote, header
	return req
}

func TestForwardedHostIsUsedFromTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
		netip.MustParsePrefix("fe80::/10"),
	}})
	const direct, forwarded = "globex.localhost", "acme.localhost"
	for remote, want := range map[string]string{
		"10.1.2.3:4711":          forwarded,
		"[::ffff:10.1.2.3]:4711": forwarded,
		"[fd00::7]:4711":         forwarded,
		"[fe80::7%eth0]:4711":    forwarded,

		"11.1.2.3:4711":          direct,
		"[::ffff:11.1.2.3]:4711": direct,
		"[2001:db8::1]:4711":     direct,
		"10.1.2.3":               direct,
		"proxy.internal:80":      direct,
		"@":                      direct,
		"":                       direct,
	} {
		req := request(direct, remote, http.Header{"X-Forwarded-Host": {forwarded}})
		assert.Equal(t, want, r.FromRequest(req).Host, "from %q", remote)
	}
}

func TestForwardedHostIsIgnoredWithoutTrustedProxies(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	req := request("globex.localhost", "127.0.0.1:4711",
		http.Header{"X-Forwarded-Host": {"acme.localhost"}})
	assert.Equal(t, "globex.localhost", r.FromRequest(req).Host)
}

func TestLastForwardedHostWins(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(),
		resolve.Options{TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for _, c := range []struct {
		name   string
		values []string
		want   string
	}{
		{"none", nil, "direct.localhost"},
		{"one", []string{"acme.localhost"}, "acme.localhost"},
		{"a client's before the proxy's", []string{"globex.localhost, acme.localhost"},
			"acme.localhost"},
		{"two of a client's before the proxy's", []string{"a.localhost,b.localhost,acme.localhost"},
			"acme.localhost"},
		{"a client's line before the proxy's", []string{"globex.localhost", "acme.localhost"},
			"acme.localhost"},
		{"both", []string{"a.localhost", "b.localhost,\tacme.localhost "}, "acme.localhost"},
		{"an empty one", []string{""}, "direct.localhost"},
		{"an empty last one", []string{"globex.localhost,"}, "direct.localhost"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := request("direct.localhost", "127.0.0.1:4711",
				http.Header{"X-Forwarded-Host": c.values})
			assert.Equal(t, c.want, r.FromRequest(req).Host)
		})
	}
}

// For HTTP/2, net/http leaves the Host fields in the header map in addition to
// req.Host.
func TestRequestWithTwoHostsHasAMalformedHost(t *testing.T) {
	t.Parallel()
	const unknown = "tenant_not_found"
	r := resolve.New(allTenants(), resolve.Options{})
	for _, c := range []struct {
		host   string
		fields []string
		want   string
	}{
		{"acme.localhost", []string{"acme.localhost"}, "acme"},
		{"acme.localhost", []string{"acme.localhost", "acme.localhost"}, "acme"},
		{"acme.localhost", []string{"globex.localhost"}, unknown},
		{"acme.localhost", []string{"acme.localhost", "globex.localhost"}, unknown},
		{"acme.localhost", []string{"localhost"}, unknown},
		{"acme.localhost", []string{""}, unknown},
		{"localhost", []string{"acme.localhost"}, unknown},
		{"example.com", []string{"localhost"}, unknown},
		{"", []string{"", "acme.localhost"}, unknown},
	} {
		req := request(c.host, "192.0.2.1:4711", http.Header{"Host": c.fields})
		assert.Equal(t, c.want, outcome(t, r, r.FromRequest(req)), "%q and %q", c.fields, c.host)
	}
}

func TestFromRequestReadsHeaderAndPath(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{})
	for _, c := range []struct {
		name, target string
		headers      []string
		want         string
	}{
		{"only a path", "/tenants/acme/keys", nil, "acme"},
		{"path and header", "/tenants/acme/keys", []string{acme.ID.String()}, "acme"},
		{"path and another header", "/tenants/acme/keys", []string{"globex"}, "tenant_mismatch"},
		{"path and two headers", "/tenants/acme/keys", []string{"acme", "globex"},
			"tenant_mismatch"},
		{"an encoded path", "/tenants/%61cme/keys", nil, "acme"},
		{"a path traversal", "/tenants/%2e%2e/keys", nil, "tenant_not_found"},
		{"a path with a slash", "/tenants/acme%2Fx/keys", nil, "tenant_not_found"},
		{"a path with a NUL", "/tenants/acme%00/keys", nil, "tenant_not_found"},
		{"no path value", "/agents", nil, "tenant_required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var got string
			handler := http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				got = outcome(t, r, r.FromRequest(req))
			})
			mux := http.NewServeMux()
			mux.Handle("GET /tenants/{"+resolve.PathValue+"}/keys", handler)
			mux.Handle("GET /agents", handler)

			req := httptest.NewRequest(http.MethodGet, c.target, nil)
			for _, value := range c.headers {
				req.Header.Add(resolve.Header, value)
			}
			mux.ServeHTTP(httptest.NewRecorder(), req)
			assert.Equal(t, c.want, got)
		})
	}
}
