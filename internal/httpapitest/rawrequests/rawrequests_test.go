package rawrequests_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// newForRawRequests starts a registry with the base domain localhost that trusts these
// proxies.
func newForRawRequests(t *testing.T, trusted ...netip.Prefix) *apitest.Registry {
	t.Helper()
	services := memory.New(apitest.Kinds(), memory.Options{}).Services()
	return apitest.NewOver(t, services, func(o *httpapi.Options) {
		o.Resolver = resolve.New(services.Tenants, resolve.Options{TrustedProxies: trusted})
	})
}

// sendRaw sends a request of exactly these bytes, with the platform token and the end of
// the head added. It returns the outcome: the slug of the tenant that was served, the
// code of a problem, or "refused" if net/http itself refused the request.
func sendRaw(t *testing.T, reg *apitest.Registry, head string) string {
	t.Helper()
	conn, err := net.Dial("tcp", reg.Server.Listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = io.WriteString(conn, head+"Authorization: Bearer "+apitest.PlatformToken+
		"\r\nConnection: close\r\n\r\n")
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err, "%q", head)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if !strings.Contains(res.Header.Get("Content-Type"), "json") {
		require.GreaterOrEqual(t, res.StatusCode, 400, "%q: %s", head, body)
		return "refused"
	}
	return outcomeOf(t, body)
}

// outcomeOf returns the tenant's slug or the code in a response's body.
func outcomeOf(t *testing.T, body []byte) string {
	t.Helper()
	var parsed struct {
		Tenant struct{ Slug string }
		Code   string
	}
	require.NoError(t, json.Unmarshal(body, &parsed), "%s", body)
	return parsed.Tenant.Slug + parsed.Code
}

const (
	getHTTP11 = "GET /api/v1/discovery HTTP/1.1\r\n"
	getHTTP10 = "GET /api/v1/discovery HTTP/1.0\r\n"

	noTenant, noSuchTenant, mismatch, refused = "tenant_required", "tenant_not_found",
		"tenant_mismatch", "refused"
)

// TestHostInAnyFormIsItsTenantOrRefused sends hosts that a client library would refuse.
// It sends each a second time with X-Tenant-ID: beta: then a host that names acme must
// serve neither acme nor beta, and only a host that can't mean acme may serve beta.
func TestHostInAnyFormIsItsTenantOrRefused(t *testing.T) {
	t.Parallel()
	reg := newForRawRequests(t)
	for _, c := range []struct{ name, host, want, withBetaHeader string }{
		{"plain", "acme.localhost", "acme", mismatch},
		{"in capitals, with a port", "ACME.localhost:80", "acme", mismatch},
		{"with the root's dot", "acme.localhost.", "acme", mismatch},
		{"with dot and port", "Acme.LOCALHOST.:8080", "acme", mismatch},
		{"with an empty port", "acme.localhost:", "acme", mismatch},
		{"folded", "\r\n acme.localhost", "acme", mismatch},
		{"with spaces around", " \t acme.localhost \t ", "acme", mismatch},

		{"deeper", "a.acme.localhost", noSuchTenant, mismatch},
		{"deeper in another", "acme.beta.localhost", noSuchTenant, mismatch},
		{"two dots", "acme..localhost", noSuchTenant, mismatch},
		{"two dots at the end", "acme.localhost..", noSuchTenant, mismatch},
		{"a dot before", ".acme.localhost", noSuchTenant, mismatch},
		{"punycode", "xn--acme-9za.localhost", noSuchTenant, mismatch},
		{"an underscore", "acme_.localhost", noSuchTenant, mismatch},
		{"an encoded letter", "%61cme.localhost", noSuchTenant, mismatch},
		{"an encoded dot", "acme%2elocalhost", noSuchTenant, mismatch},
		{"a port that is none", "acme.localhost:http", noSuchTenant, mismatch},
		{"a long port", "acme.localhost:000080", noSuchTenant, mismatch},
		{"two ports", "acme.localhost:80:80", noSuchTenant, mismatch},
		{"a negative port", "acme.localhost:-80", noSuchTenant, mismatch},
		{"in brackets", "[acme.localhost]", noSuchTenant, mismatch},
		{"after an address", "[::1]acme.localhost", noSuchTenant, mismatch},
		{"as a zone", "[fe80::1%25acme.localhost]", noSuchTenant, mismatch},
		{"a list", "acme.localhost,beta.localhost", noSuchTenant, mismatch},
		{"a list with a stranger", "beta.localhost,evil.com", noSuchTenant, mismatch},
		{"a wildcard", "*.localhost", noSuchTenant, mismatch},
		{"a long label", strings.Repeat("a", 64) + ".localhost", noSuchTenant, mismatch},
		{"a very long name", strings.Repeat("acme.", 10_000) + "localhost", noSuchTenant, mismatch},
		{"a port alone", ":80", noSuchTenant, mismatch},

		{"the domain itself", "localhost:80", noTenant, "beta"},
		{"a reserved name", "www.localhost", noTenant, "beta"},
		{"under another domain", "acme.localhost.evil.com", noTenant, "beta"},
		{"without the dot", "acmelocalhost", noTenant, "beta"},
		{"IPv6", "[::1]:80", noTenant, "beta"},
		{"IPv4", "127.0.0.1:80", noTenant, "beta"},
		{"empty", "", noTenant, "beta"},

		{"an ideographic dot", "acme\u3002localhost", refused, refused},
		{"a full-width dot", "acme\uff0elocalhost", refused, refused},
		{"another alphabet's a", "\u0430cme.localhost", refused, refused},
		{"user information", "user:word@acme.localhost", refused, refused},
		{"as user information", "acme.localhost@evil.com", refused, refused},
		{"a slash", "acme.localhost/x", refused, refused},
		{"a backslash", `acme.localhost\x`, refused, refused},
		{"a space within", "acme .localhost", refused, refused},
		{"a NUL", "acme\x00.localhost", refused, refused},
		{"a bare CR", "acme.localhost\rX-A: b", refused, refused},
		{"folded into a second line", "acme\r\n .localhost", refused, refused},
		{"a second line", "acme.localhost\r\nHost: beta.localhost", refused, refused},
		{"a second line with the same", "acme.localhost\r\nHost: acme.localhost", refused, refused},
		{"a second line in small letters", "acme.localhost\r\nhost: beta.localhost", refused,
			refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, version := range []string{getHTTP11, getHTTP10} {
				assert.Equal(t, c.want, sendRaw(t, reg, version+"Host: "+c.host+"\r\n"), "%.100q",
					c.host)
				assert.Equal(t, c.withBetaHeader,
					sendRaw(t, reg, version+"Host: "+c.host+"\r\nX-Tenant-ID: beta\r\n"), "%.100q",
					c.host)
			}
		})
	}
}

func TestAbsoluteRequestTargetNamesTheHost(t *testing.T) {
	t.Parallel()
	reg := newForRawRequests(t)
	for name, c := range map[string]struct{ head, want string }{
		"absolute form": {
			"GET http://acme.localhost/api/v1/discovery HTTP/1.1\r\nHost: acme.localhost\r\n",
			"acme"},
		// RFC 9112, section 3.2.2: the target overrides Host.
		"absolute form, another Host": {
			"GET http://acme.localhost/api/v1/discovery HTTP/1.1\r\nHost: beta.localhost\r\n",
			"acme"},
		"absolute form, in capitals": {
			"GET HTTP://ACME.localhost.:80/api/v1/discovery HTTP/1.1\r\nHost: x\r\n", "acme"},
		"absolute form of the domain": {
			"GET http://localhost/api/v1/discovery HTTP/1.1\r\nHost: acme.localhost\r\n", noTenant},
		"absolute form, another X-Tenant-ID": {
			"GET http://acme.localhost/api/v1/discovery HTTP/1.1\r\nHost:" +
				" beta.localhost\r\nX-Tenant-ID: beta\r\n", mismatch},
		"absolute form with user information": {
			"GET http://acme.localhost@evil.com/api/v1/discovery HTTP/1.1\r\nHost: x\r\n",
			noTenant},
		"absolute form with an encoded letter": {
			"GET http://%61cme.localhost/api/v1/discovery HTTP/1.1\r\nHost: x\r\n", refused},
		"absolute form without Host": {"GET http://acme.localhost/api/v1/discovery HTTP/1.1\r\n",
			refused},
		"absolute form, two Hosts": {
			"GET http://acme.localhost/api/v1/discovery HTTP/1.1\r\nHost: acme.localhost\r\nHost:" +
				" beta.localhost\r\n", refused},
		"no Host":                     {getHTTP11, refused},
		"no Host, HTTP/1.0":           {getHTTP10, noTenant},
		"no Host, HTTP/1.0, a header": {getHTTP10 + "X-Tenant-ID: acme\r\n", "acme"},
		"a space before the colon":    {getHTTP11 + "Host : acme.localhost\r\n", refused},
		"a name with a space before": {getHTTP11 + "Host: acme.localhost\r\n X-Tenant-ID: beta\r\n",
			refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, sendRaw(t, reg, c.head))
		})
	}
}

func TestForwardedHostCountsOnlyFromTrustedPeers(t *testing.T) {
	t.Parallel()
	untrusting, trusting := newForRawRequests(t),
		newForRawRequests(t, netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"))
	for name, c := range map[string]struct {
		host, lines   string
		direct, proxy string // the outcomes for an untrusted and for a trusted peer
	}{
		"one": {"beta.localhost", "X-Forwarded-Host: acme.localhost\r\n",
			"beta", "acme"},
		"in capitals": {"beta.localhost",
			"x-forwarded-host:\t ACME.localhost.:443\r\n", "beta", "acme"},
		"two lines": {"beta.localhost",
			"X-Forwarded-Host: beta.localhost\r\nX-Forwarded-Host: acme.localhost\r\n", "beta",
			"acme"},
		"two values": {"beta.localhost",
			"X-Forwarded-Host: beta.localhost, acme.localhost\r\n", "beta", "acme"},
		"two values, three lines": {"beta.localhost",
			"X-Forwarded-Host: a, b\r\nX-Forwarded-Host: c\r\nX-Forwarded-Host:" +
				" beta.localhost,acme.localhost\r\n", "beta", "acme"},
		"a host of no tenant": {"beta.localhost", "X-Forwarded-Host: localhost\r\n", "beta",
			noTenant},
		"unknown": {"beta.localhost", "X-Forwarded-Host: ghost.localhost\r\n",
			"beta", noSuchTenant},
		"two with a space": {"beta.localhost",
			"X-Forwarded-Host: beta.localhost acme.localhost\r\n", "beta", noSuchTenant},
		"two with a semicolon": {"beta.localhost",
			"X-Forwarded-Host: beta.localhost;acme.localhost\r\n", "beta", noSuchTenant},
		"an ideographic dot": {"beta.localhost", "X-Forwarded-Host: acme\u3002localhost\r\n",
			"beta", noSuchTenant},
		"quoted": {"beta.localhost", "X-Forwarded-Host: \"acme.localhost\"\r\n",
			"beta", noSuchTenant},
		"a URL": {"beta.localhost",
			"X-Forwarded-Host: http://acme.localhost\r\n", "beta", noSuchTenant},
		"empty": {"beta.localhost", "X-Forwarded-Host:\r\n", "beta", "beta"},
		"against the header": {"localhost",
			"X-Forwarded-Host: acme.localhost\r\nX-Tenant-ID: beta\r\n", "beta", mismatch},
		"Forwarded": {"beta.localhost",
			"Forwarded: for=1.2.3.4;host=acme.localhost\r\n", "beta", "beta"},
		"X-Host": {"beta.localhost", "X-Host: acme.localhost\r\n", "beta",
			"beta"},
		"X-Original-Host": {"beta.localhost", "X-Original-Host: acme.localhost\r\n",
			"beta", "beta"},
		"X-Forwarded-Server": {"beta.localhost", "X-Forwarded-Server: acme.localhost\r\n",
			"beta", "beta"},
		"with underscores": {"beta.localhost", "X_Forwarded_Host: acme.localhost\r\n",
			"beta", "beta"},
		"with X-Forwarded-For": {"beta.localhost",
			"X-Forwarded-Host: acme.localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", "beta", "acme"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			head := getHTTP11 + "Host: " + c.host + "\r\n" + c.lines
			assert.Equal(t, c.direct, sendRaw(t, untrusting, head), "from an untrusted peer")
			assert.Equal(t, c.proxy, sendRaw(t, trusting, head), "from a trusted peer")
		})
	}
}

func TestTenantHeaderMustBeOneCanonicalName(t *testing.T) {
	t.Parallel()
	reg := newForRawRequests(t)
	id := reg.Tenants["acme"].ID.String()
	for name, c := range map[string]struct{ lines, want string }{
		"a slug":                  {"X-Tenant-ID: acme\r\n", "acme"},
		"a name in small letters": {"x-tenant-id: acme\r\n", "acme"},
		"spaces around":           {"X-Tenant-ID: \t acme \t \r\n", "acme"},
		"an id":                   {"X-Tenant-ID: " + id + "\r\n", "acme"},
		"an id in capitals":       {"X-Tenant-ID: " + strings.ToUpper(id) + "\r\n", "acme"},
		"one twice":               {"X-Tenant-ID: acme\r\nx-tenant-id: acme\r\n", "acme"},
		"two":                     {"X-Tenant-ID: acme\r\nX-Tenant-ID: beta\r\n", mismatch},
		"two, the second empty":   {"X-Tenant-ID: acme\r\nX-Tenant-ID:\r\n", mismatch},
		"slug and id": {"X-Tenant-ID: acme\r\nX-Tenant-ID: " + id + "\r\n",
			mismatch},
		"a list":             {"X-Tenant-ID: acme,beta\r\n", noSuchTenant},
		"a list of one":      {"X-Tenant-ID: acme,\r\n", noSuchTenant},
		"a slug in capitals": {"X-Tenant-ID: ACME\r\n", noSuchTenant},
		"an id in braces":    {"X-Tenant-ID: {" + id + "}\r\n", noSuchTenant},
		"a URN":              {"X-Tenant-ID: urn:uuid:" + id + "\r\n", noSuchTenant},
		"an id without hyphens": {"X-Tenant-ID: " + strings.ReplaceAll(id, "-", "") + "\r\n",
			noSuchTenant},
		"the zero id": {"X-Tenant-ID: 00000000-0000-0000-0000-000000000000\r\n",
			noSuchTenant},
		"empty":                        {"X-Tenant-ID:\r\n", noSuchTenant},
		"an encoded letter":            {"X-Tenant-ID: %61cme\r\n", noSuchTenant},
		"another alphabet's a":         {"X-Tenant-ID: \u0430cme\r\n", noSuchTenant},
		"a host":                       {"X-Tenant-ID: acme.localhost\r\n", noSuchTenant},
		"folded":                       {"X-Tenant-ID: acme\r\n ,beta\r\n", noSuchTenant},
		"a NUL":                        {"X-Tenant-ID: acme\x00\r\n", refused},
		"underscores in the name":      {"X_Tenant_ID: acme\r\n", noTenant},
		"a space in the header's name": {"X-Tenant-ID : acme\r\n", refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, sendRaw(t, reg, getHTTP11+"Host: localhost\r\n"+c.lines))
		})
	}
}
