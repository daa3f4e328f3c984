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

// withTrustedProxies returns a resolver that trusts two networks of proxies.
func withTrustedProxies() *resolve.Resolver {
	tenants := memory.New(nil, memory.Options{}).Services().Tenants
	return resolve.New(tenants, resolve.Options{TrustedProxies: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
	}})
}

func TestClientIsTheLastHopThatIsNoTrustedProxy(t *testing.T) {
	t.Parallel()
	r := withTrustedProxies()
	for name, c := range map[string]struct {
		remote    string
		forwarded []string
		want      string
	}{
		"direct": {"192.0.2.1:4000", nil, "192.0.2.1"},
		"direct with a forged header": {"192.0.2.1:4000", []string{"203.0.113.9"},
			"192.0.2.1"},
		"through a proxy": {"10.1.1.1:4000", []string{"203.0.113.9"},
			"203.0.113.9"},
		"through a proxy with a forged header": {"10.1.1.1:4000",
			[]string{"198.51.100.7, 203.0.113.9"}, "203.0.113.9"},
		"in two headers": {"10.1.1.1:4000",
			[]string{"198.51.100.7", "203.0.113.9"}, "203.0.113.9"},
		"through two proxies": {"10.1.1.1:4000",
			[]string{"203.0.113.9, 10.2.2.2"}, "203.0.113.9"},
		"through a proxy with a forged proxy address": {"10.1.1.1:4000",
			[]string{"198.51.100.7, 10.9.9.9, 203.0.113.9"}, "203.0.113.9"},
		"a proxy itself": {"10.1.1.1:4000", nil, "10.1.1.1"},
		"only proxies": {"10.1.1.1:4000", []string{"10.3.3.3, 10.2.2.2"},
			"10.3.3.3"},
		"no address": {"10.1.1.1:4000", []string{"unknown"}, "10.1.1.1"},
		"an empty hop": {"10.1.1.1:4000", []string{"203.0.113.9,"},
			"10.1.1.1"},
		"IPv6": {"[fd00::1]:4000", []string{"2001:db8::7"},
			"2001:db8::7"},
		"IPv4 in IPv6": {"[::ffff:10.1.1.1]:4000",
			[]string{"::ffff:203.0.113.9"}, "203.0.113.9"},
		"with a port": {"10.1.1.1:4000", []string{"203.0.113.9:1234"}, "203.0.113.9"},
		"through two proxies, with ports": {"10.1.1.1:4000",
			[]string{"198.51.100.7:1, 203.0.113.9:1234 , 10.2.2.2:80"}, "203.0.113.9"},
		"IPv6 with a port":                      {"10.1.1.1:4000", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"IPv6 in brackets":                      {"10.1.1.1:4000", []string{"[2001:db8::1]"}, "2001:db8::1"},
		"IPv6 in quotes":                        {"10.1.1.1:4000", []string{`"[2001:db8::1]:443"`}, "2001:db8::1"},
		"IPv6 with a zone":                      {"10.1.1.1:4000", []string{"[fe80::1%eth0]:443"}, "fe80::1"},
		"IPv6, trusted":                         {"10.1.1.1:4000", []string{"203.0.113.9, [fd00::2]:8"}, "203.0.113.9"},
		"mapped, with a port":                   {"10.1.1.1:4000", []string{"[::ffff:203.0.113.9]:5"}, "203.0.113.9"},
		"a port that is none":                   {"10.1.1.1:4000", []string{"203.0.113.9:http"}, "10.1.1.1"},
		"a port too great":                      {"10.1.1.1:4000", []string{"203.0.113.9:65536"}, "10.1.1.1"},
		"no port after it":                      {"10.1.1.1:4000", []string{"203.0.113.9:"}, "10.1.1.1"},
		"IPv4 in brackets":                      {"10.1.1.1:4000", []string{"[203.0.113.9]:80"}, "10.1.1.1"},
		"an open bracket":                       {"10.1.1.1:4000", []string{"[2001:db8::1:443"}, "10.1.1.1"},
		"an open quote":                         {"10.1.1.1:4000", []string{`"203.0.113.9`}, "10.1.1.1"},
		"a hidden address":                      {"10.1.1.1:4000", []string{"198.51.100.7, _hidden:80"}, "10.1.1.1"},
		"no remote address":                     {"@", []string{"203.0.113.9"}, ""},
		"a zone, which is local to the machine": {"[fe80::1%eth0]:4000", nil, "fe80::1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := &http.Request{RemoteAddr: c.remote,
				Header: http.Header{"X-Forwarded-For": c.forwarded}}
			assert.Equal(t, c.want, r.Client(req))
		})
	}
}

func TestSecureTrustsForwardedProtoOfTrustedProxiesOnly(t *testing.T) {
	t.Parallel()
	r := withTrustedProxies()
	for name, c := range map[string]struct {
		remote    string
		tls       bool
		forwarded []string
		want      bool
	}{
		"TLS":                        {"192.0.2.1:1", true, nil, true},
		"TLS to a proxy without TLS": {"10.1.1.1:1", true, []string{"http"}, true},
		"plain":                      {"192.0.2.1:1", false, nil, false},
		"plain with a forged header": {"192.0.2.1:1", false, []string{"https"}, false},
		"through a proxy":            {"10.1.1.1:1", false, []string{"https"}, true},
		"plain through a proxy":      {"10.1.1.1:1", false, []string{"http"}, false},
		"plain through a proxy with a forged header": {"10.1.1.1:1", false, []string{"https, http"},
			false},
		"two headers, of which the last counts": {"10.1.1.1:1", false, []string{"https", "http"},
			false},
		"through a proxy without header": {"10.1.1.1:1", false, nil, false},
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
