package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/openapitest"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// runAsProgram is the environment variable that makes the test binary run as the
// registry. So tests can start it as a process, with the race detector if they run
// with it.
const runAsProgram = "REGISTRY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(runAsProgram) != "" {
		main() // exits
	}
	pgtest.Main(m)
}

// platform is the super-admin's token in the tests.
const platform = "platform-token-of-the-tests-0123456789"

// secretsKey is base64 of 32 bytes.
const secretsKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// testServer is a registry that runs in the test's process.
type testServer struct {
	url      string
	log      *logBuffer
	document *openapitest.Document
}

// serve starts a registry with tenancy on, on a new database.
func serve(t *testing.T) *testServer {
	t.Helper()
	return serveWith(t, map[string]string{"DATABASE_URL": migratedDatabase(t),
		"MULTI_TENANT": "true"})
}

// migratedDatabase returns the URL of a new database with the registry's schema.
func migratedDatabase(t *testing.T) string {
	t.Helper()
	return pgtest.Template(t, "registry", func(url string) error {
		set := map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true",
			"SECRETS_KEY": secretsKey, "DATA_DIR": t.TempDir()}
		require.Equal(t, "The schema is current.\n",
			runWith(t, set, "migrate", "up").requireStatus(t, exitDone).out)
		return nil
	})
}

// serveWith starts a registry with these settings. It stops when the test ends.
func serveWith(t *testing.T, set map[string]string) *testServer {
	t.Helper()
	for name, value := range map[string]string{"ADDR": "127.0.0.1:0", "ADMIN_TOKEN": platform,
		"SECRETS_KEY": secretsKey, "DATA_DIR": "/nowhere"} {
		if set[name] == "" {
			set[name] = value
		}
	}
	s := &testServer{log: newLogBuffer()}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan int, 1)
	go func() { // ends with the context; waited for in the cleanup
		ended <- run(ctx, []string{"serve"},
			terminal{out: io.Discard, err: s.log,
				getenv: func(name string) string { return set[name] }})
	}()
	t.Cleanup(func() {
		stop()
		require.Equal(t, exitDone, <-ended, "%s", s.log)
	})
	s.url = s.log.url(t)
	waitUntilReady(t, s.url, s.log)
	s.document = openAPIDocument(t, s.url)
	return s
}

// waitUntilReady waits until the registry is ready, for at most the documented 60 s.
func waitUntilReady(t *testing.T, url string, log *logBuffer) {
	t.Helper()
	ready := func() bool {
		res, err := http.Get(url + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	}
	for deadline := time.Now().Add(time.Minute); !ready(); time.Sleep(10 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "not ready after a minute:\n%s", log)
	}
}

// documents caches the OpenAPI documents by their text, because compiling their
// schemas is slow.
var documents struct {
	sync.Mutex
	byText map[string]*openapitest.Document
}

// openAPIDocument returns the compiled OpenAPI document of the registry at url.
func openAPIDocument(t *testing.T, url string) *openapitest.Document {
	t.Helper()
	res, err := http.Get(url + "/api/v1/openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)

	documents.Lock()
	defer documents.Unlock()
	if d := documents.byText[string(raw)]; d != nil {
		return d
	}
	d, err := openapitest.New(raw)
	require.NoError(t, err)
	if documents.byText == nil {
		documents.byText = map[string]*openapitest.Document{}
	}
	documents.byText[string(raw)] = d
	return d
}

// logBuffer stores what a registry writes to standard error.
type logBuffer struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{} // closed when the first line is complete
}

func newLogBuffer() *logBuffer { return &logBuffer{first: make(chan struct{})} }

func (j *logBuffer) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	hadLine := bytes.IndexByte(j.text.Bytes(), '\n') >= 0
	j.text.Write(p)
	if !hadLine && bytes.IndexByte(p, '\n') >= 0 {
		close(j.first)
	}
	return len(p), nil
}

func (j *logBuffer) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// url returns the registry's URL, which is the url of the first log line.
func (j *logBuffer) url(t *testing.T) string {
	t.Helper()
	select {
	case <-j.first:
	case <-time.After(time.Minute):
		require.Fail(t, "no log line within a minute")
	}
	line, _, _ := strings.Cut(j.String(), "\n")
	var entry struct{ URL string }
	require.NoError(t, json.Unmarshal([]byte(line), &entry), "%s", j)
	require.NotEmpty(t, entry.URL, "%s", j)
	return entry.URL
}

// runWith runs one command line with these settings.
func runWith(t *testing.T, set map[string]string, args ...string) commandResult {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), args,
		terminal{out: &out, err: &errs, getenv: func(name string) string { return set[name] }})
	return commandResult{status: status, out: out.String(), err: errs.String()}
}

// run runs a client command on the registry with the platform token.
func (s *testServer) run(t *testing.T, args ...string) commandResult {
	t.Helper()
	return runWith(t, map[string]string{"REGISTRY_TOKEN": platform},
		append(args, "--url", s.url)...)
}

// commandResult is the output and the exit status of a command.
type commandResult struct {
	status   int
	out, err string
}

// requireStatus requires this exit status.
func (e commandResult) requireStatus(t *testing.T, status int) commandResult {
	t.Helper()
	require.Equal(t, status, e.status, "%s%s", e.out, e.err)
	return e
}
