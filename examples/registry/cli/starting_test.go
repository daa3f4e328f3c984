package cli_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

const starting = `{"status":503,"code":"unavailable","detail":"the server is starting","starting":true}`

// refuseFirst refuses the first n requests, and then passes them on.
func refuseFirst(n int64, problem string, next http.Handler) http.Handler {
	var served atomic.Int64
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if served.Add(1) > n {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = w.Write([]byte(problem))
	})
}

// The body of the request must arrive whole at the attempt that succeeds.
func TestClientWaitsForRegistryThatStarts(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Report: `{"counts":{}}`}
	registry.Start(t)
	s := httptest.NewServer(refuseFirst(3, starting, registry))
	t.Cleanup(s.Close)
	bundle := harness.TextFile(t, "bundle.json", "the bundle")
	got := harness.RunLine(t, "import", bundle, "--tenant", "acme", "--url", s.URL)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, "the bundle", string(registry.Imported))
	require.Equal(t, 1, strings.Count(got.Err, "waiting"), got.Err)
	require.Contains(t, got.Err, "the server is starting")
}

func TestClientWaitsForAddressOnWhichNothingListensYet(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{}
	registry.Start(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	ended := make(chan harness.Result)
	go func() { ended <- harness.RunLine(t, "tenant", "show", "acme", "--url", "http://"+address) }()
	l, err = net.Listen("tcp", address)
	require.NoError(t, err)
	s := &http.Server{Handler: registry}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	require.Equal(t, cli.ExitDone, (<-ended).Status)
}

func TestClientDoesNotRepeatOtherRefusals(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Report: `{}`}
	registry.Start(t)
	unavailable := strings.Replace(starting, `,"starting":true`, "", 1)
	s := httptest.NewServer(refuseFirst(1, unavailable, registry))
	t.Cleanup(s.Close)
	got := harness.RunLine(t, "tenant", "show", "acme", "--url", s.URL)
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Empty(t, registry.Calls())
}

func TestClientStopsWaitingAfterItsTime(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(refuseFirst(1000, starting, http.NotFoundHandler()))
	t.Cleanup(s.Close)
	got := harness.RunLine(t, "tenant", "show", "acme", "--url", s.URL, "--wait", "100ms")
	require.Equal(t, cli.ExitRefused, got.Status)
	require.Contains(t, got.Err, "the server is starting")
	require.Equal(t, cli.ExitUsage, harness.RunLine(t, "tenant", "show", "acme", "--url", s.URL,
		"--wait=-1s").Status)
}
