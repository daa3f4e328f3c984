package resolve_test

import (
	"crypto/tls"
	"net/http"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// behindProxies trusts two networks.
func behindProxies() *resolve.Resolver {
	tenants := memory.New(nil, memory.Options{}).Services().Tenants
	return resolve.New(tenants, resolve.Options{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
	}})
}

func TestTheClientIsTheLastHopThatIsNoTrustedProxy(t *testing.T) {
	t.Parallel()
	r := behindProxies()
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"direct": {"192.0.2.1:4000", nil, "192.0.2.1"},
		"direct, and says it is another": {"192.0.2.1:4000", []string{"203.0.113.9"},
			"192.0.2.1"},
		"by a proxy": {"10.1.1.1:4000", []string{"203.0.113.9"},
			"203.0.113.9"},
		"by a proxy, and says it is another": {"10.1.1.1:4000",
			[]string{"198.51.100.7, 203.0.113.9"}, "203.0.113.9"},
		"in two headers": {"10.1.1.1:4000",
			[]string{"198.51.100.7", "203.0.113.9"}, "203.0.113.9"},
		"by two proxies": {"10.1.1.1:4000",
			[]string{"203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		"says that a proxy was before it": {"10.1.1.1:4000",
			[]string{"198.51.100.7, 10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		"a proxy itself": {"10.1.1.1:4000", nil, "10.1.1.1"},
		"nothing but proxies": {"10.1.1.1:4000", []string{"10.3.3.3, 10.2.2.2"},
			"10.3.3.3"},
		"no address": {"10.1.1.1:4000", []string{"unknown"}, "10.1.1.1"},
		"an empty hop": {"10.1.1.1:4000", []string{"203.0.113.9,"},
			"10.1.1.1"},
		"IPv6": {"[fd00::1]:4000", []string{"2001:db8::7"},
			"2001:db8::7"},
		"IPv4 in IPv6": {"[::ffff:10.1.1.1]:4000",
			[]string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"nowhere":                               {"@", []string{"203.0.113.9"}, ""},
		"a zone, which is of the local machine": {"[fe80::1%eth0]:4000", nil, "fe80::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := &http.Request{RemoteAddr: c.remote,
				Header: http.Header{"X-Forwarded-For": c.forwarded}}
			assert.Equal(t, c.want, r.Client(req))
		})
	}
}

func TestOnlyATrustedProxySaysThatTheClientAskedOverTLS(t *testing.T) {
	t.Parallel()
	r := behindProxies()
	for name, c := range map[string]struct {
		remote    string
		tls       bool
		forwarded []string
		want      bool
	}{
		"TLS":                              {"192.0.2.1:1", true, nil, true},
		"TLS, and a proxy that had none":   {"10.1.1.1:1", true, []string{"http"}, true},
		"plain":                            {"192.0.2.1:1", false, nil, false},
		"plain, and says otherwise":        {"192.0.2.1:1", false, []string{"https"}, false},
		"by a proxy":                       {"10.1.1.1:1", false, []string{"https"}, true},
		"by a proxy, plain":                {"10.1.1.1:1", false, []string{"http"}, false},
		"by a proxy, and says otherwise":   {"10.1.1.1:1", false, []string{"https, http"}, false},
		"in two headers, and the last one": {"10.1.1.1:1", false, []string{"https", "http"}, false},
		"by a proxy that says nothing":     {"10.1.1.1:1", false, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := &http.Request{RemoteAddr: c.remote,
				Header: http.Header{"X-Forwarded-Proto": c.forwarded}}
			if c.tls {
				req.TLS = &tls.ConnectionState{}
			}
			assert.Equal(t, c.want, r.Secure(req))
		})
	}
}
