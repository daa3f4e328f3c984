package rawrequests_test

import (
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
)

// The parts of HTTP/2 (RFC 9113) and HPACK (RFC 7541) that one request needs. A client
// library would refuse to send such a request.
const (
	frameData     = 0
	frameHeaders  = 1
	frameSettings = 4
	flagEndStream = 1
	flagLastOfAll = 1 | 4 // END_STREAM and END_HEADERS

	preface        = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	frameHeadBytes = 9
)

func frame(kind, flags byte, stream uint32, payload []byte) []byte {
	f := binary.BigEndian.AppendUint32(nil, uint32(len(payload))<<8|uint32(kind))
	f = append(f, flags)
	f = binary.BigEndian.AppendUint32(f, stream)
	return append(f, payload...)
}

// literalField encodes a header field without indexing and without compression.
func literalField(name, value string) []byte {
	field := append([]byte{0, byte(len(name))}, name...)
	return append(append(field, byte(len(value))), value...)
}

type field struct{ name, value string }

// sendHTTP2 sends a request with these fields over a new HTTP/2 connection and returns
// the outcome as [sendRaw] does. The first field may be another :path.
func sendHTTP2(t *testing.T, address string, fields ...field) string {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))

	var block []byte
	head := []field{{":method", "GET"}, {":scheme", "http"}}
	if len(fields) == 0 || fields[0].name != ":path" {
		head = append(head, field{":path", "/api/v1/discovery"})
	}
	for _, f := range append(head, fields...) {
		block = append(block, literalField(f.name, f.value)...)
	}
	block = append(block, literalField("authorization", "Bearer "+apitest.PlatformToken)...)
	request := append([]byte(preface), frame(frameSettings, 0, 0, nil)...)
	_, err = conn.Write(append(request, frame(frameHeaders, flagLastOfAll, 1, block)...))
	require.NoError(t, err)
	body := readData(t, conn)
	if !json.Valid(body) {
		return refused // by the server, with or without a response
	}
	return outcomeOf(t, body)
}

// readData returns the body of stream 1, empty if the server sent none.
func readData(t *testing.T, conn io.Reader) (body []byte) {
	t.Helper()
	for {
		head := make([]byte, frameHeadBytes)
		if _, err := io.ReadFull(conn, head); err != nil {
			return body // the server has closed the connection
		}
		kind, flags, stream := head[3], head[4], binary.BigEndian.Uint32(head[5:])
		payload := make([]byte, binary.BigEndian.Uint32(head)>>8)
		_, err := io.ReadFull(conn, payload)
		require.NoError(t, err)
		switch {
		case stream != 1:
		case kind == frameData:
			body = append(body, payload...)
			if flags&flagEndStream != 0 {
				return body
			}
		case kind != frameHeaders || flags&flagEndStream != 0:
			return body // the stream was reset, or the response has no body
		}
	}
}

// newHTTP2Server serves a registry over HTTP/2 without TLS, as behind a proxy that uses
// HTTP/2. It returns the server's address.
func newHTTP2Server(t *testing.T, trusted ...netip.Prefix) string {
	t.Helper()
	server := httptest.NewUnstartedServer(newForRawRequests(t, trusted...).Handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.Listener.Addr().String()
}

// In HTTP/2 the host is the pseudo-header :authority. With it net/http ignores Host
// fields, without it all but the first, and always a host in the path. RFC 9113,
// section 8.3.1, calls such requests malformed.
func TestConflictingHTTP2HostsAreRefused(t *testing.T) {
	t.Parallel()
	address := newHTTP2Server(t)
	acme, beta := "acme.localhost", "beta.localhost"
	for name, c := range map[string]struct {
		fields []field
		want   string
	}{
		"an authority": {[]field{{":authority", acme}}, "acme"},
		"in capitals":  {[]field{{":authority", "ACME.localhost.:80"}}, "acme"},
		"a host":       {[]field{{"host", acme}}, "acme"},
		"both":         {[]field{{":authority", acme}, {"host", acme}}, "acme"},
		"both, another host": {[]field{{":authority", acme}, {"host", beta}},
			noSuchTenant},
		"the domain and a host": {[]field{{":authority", "localhost"}, {"host", beta}},
			noSuchTenant},
		"a host and the domain": {[]field{{":authority", beta}, {"host", "localhost"}},
			noSuchTenant},
		"an authority and an empty host": {[]field{{":authority", acme}, {"host", ""}},
			noSuchTenant},
		"two hosts": {[]field{{"host", acme}, {"host", beta}}, noSuchTenant},
		"two hosts, the first the domain": {[]field{{"host", "localhost"}, {"host", beta}},
			noSuchTenant},
		"two hosts, the first empty": {[]field{{"host", ""}, {"host", beta}}, noSuchTenant},
		"one host twice":             {[]field{{"host", acme}, {"host", acme}}, "acme"},
		"two hosts and a header": {
			[]field{{"host", acme}, {"host", beta}, {"x-tenant-id", "acme"}}, mismatch},
		"two authorities": {[]field{{":authority", acme}, {":authority", beta}},
			refused},
		"two headers": {
			[]field{{":authority", "localhost"}, {"x-tenant-id", "acme"}, {"x-tenant-id", "beta"}},
			mismatch},
		"a header's name in capitals": {
			[]field{{":authority", "localhost"}, {"X-Tenant-ID", "acme"}}, refused},
		"a forwarded host": {[]field{{":authority", beta}, {"x-forwarded-host", acme}},
			"beta"},
		"none":               {nil, noTenant},
		"none, and a header": {[]field{{"x-tenant-id", "acme"}}, "acme"},
		"a list":             {[]field{{":authority", acme + "," + beta}}, noSuchTenant},
		"a path with a host": {
			[]field{{":path", "http://acme.localhost/api/v1/discovery"}, {":authority", beta}},
			noSuchTenant},
		"a path with the same host": {
			[]field{{":path", "http://acme.localhost/api/v1/discovery"}, {":authority", acme}},
			"acme"},
		"a NUL":      {[]field{{":authority", "acme\x00.localhost"}}, refused},
		"a line end": {[]field{{":authority", "acme.localhost\r\nHost: " + beta}}, refused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, c.want, sendHTTP2(t, address, c.fields...))
		})
	}
}

// A trusted proxy sets X-Forwarded-Host; the host of its own connection doesn't count.
func TestForwardedHostFromTrustedProxyCountsOverHTTP2(t *testing.T) {
	t.Parallel()
	address := newHTTP2Server(t, netip.MustParsePrefix("127.0.0.0/8"))
	for want, fields := range map[string][]field{
		"acme": {{":authority", "beta.localhost"}, {"x-forwarded-host", "acme.localhost"}},
		noSuchTenant: {{":authority", "acme.localhost"}, {"host", "beta.localhost"},
			{"x-forwarded-host", ""}},
		mismatch: {{":authority", "x"}, {"x-forwarded-host", "acme.localhost"},
			{"x-tenant-id", "beta"}},
	} {
		assert.Equal(t, want, sendHTTP2(t, address, fields...))
	}
}
