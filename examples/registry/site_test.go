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

// asProgram makes the test binary the registry itself, so that tests can start
// it as a process, with the race detector if they have it.
const asProgram = "REGISTRY_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main() // exits
	}
	pgtest.Main(m)
}

// platform is the super-admin's token in the tests.
const platform = "platform-token-of-the-tests-0123456789"

// secretsKey is base64 of 32 bytes.
const secretsKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// site is a registry that serves a test, by way of run.
type site struct {
	url      string
	log      *journal
	document *openapitest.Document
}

// serve starts a registry with tenancy on, upon a database of its own.
func serve(t *testing.T) *site {
	t.Helper()
	return serveWith(t, map[string]string{"DATABASE_URL": migrated(t), "MULTI_TENANT": "true"})
}

// migrated answers a database with the registry's schema.
func migrated(t *testing.T) string {
	t.Helper()
	return pgtest.Template(t, "registry", func(url string) error {
		set := map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true",
			"SECRETS_KEY": secretsKey, "DATA_DIR": t.TempDir()}
		require.Equal(t, "The schema is current.\n",
			runWith(t, set, "migrate", "up").ended(t, exitDone).out)
		return nil
	})
}

// serveWith starts a registry with these settings, which ends with the test.
func serveWith(t *testing.T, set map[string]string) *site {
	t.Helper()
	for name, value := range map[string]string{"ADDR": "127.0.0.1:0", "ADMIN_TOKEN": platform,
		"SECRETS_KEY": secretsKey, "DATA_DIR": "/nowhere"} {
		if set[name] == "" {
			set[name] = value
		}
	}
	s := &site{log: newJournal()}
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
	waitReady(t, s.url, s.log)
	s.document = documentOf(t, s.url)
	return s
}

// waitReady waits until the registry serves, for at most the 60 s that are
// promised.
func waitReady(t *testing.T, url string, log *journal) {
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

// documents keeps each OpenAPI document that was read, by its text: compiling
// its schemas takes a while.
var documents struct {
	sync.Mutex
	byText map[string]*openapitest.Document
}

func documentOf(t *testing.T, url string) *openapitest.Document {
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

// journal is what a registry writes to standard error.
type journal struct {
	mu    sync.Mutex
	text  bytes.Buffer
	first chan struct{} // closed when the first line is whole
}

func newJournal() *journal { return &journal{first: make(chan struct{})} }

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	begun := bytes.IndexByte(j.text.Bytes(), '\n') >= 0
	j.text.Write(p)
	if !begun && bytes.IndexByte(p, '\n') >= 0 {
		close(j.first)
	}
	return len(p), nil
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// url is where the registry listens: the url of its first line.
func (j *journal) url(t *testing.T) string {
	t.Helper()
	select {
	case <-j.first:
	case <-time.After(time.Minute):
		require.Fail(t, "nothing was logged within a minute")
	}
	line, _, _ := strings.Cut(j.String(), "\n")
	var entry struct{ URL string }
	require.NoError(t, json.Unmarshal([]byte(line), &entry), "%s", j)
	require.NotEmpty(t, entry.URL, "%s", j)
	return entry.URL
}

// runWith runs one command line with these settings.
func runWith(t *testing.T, set map[string]string, args ...string) ending {
	t.Helper()
	var out, errs bytes.Buffer
	status := run(t.Context(), args,
		terminal{out: &out, err: &errs, getenv: func(name string) string { return set[name] }})
	return ending{status: status, out: out.String(), err: errs.String()}
}

// run runs a client's command line against the registry, as the platform.
func (s *site) run(t *testing.T, args ...string) ending {
	t.Helper()
	return runWith(t, map[string]string{"REGISTRY_TOKEN": platform},
		append(args, "--url", s.url)...)
}

// ending is what a command line wrote, and its exit status.
type ending struct {
	status   int
	out, err string
}

// ended wants a command line to have ended with this status.
func (e ending) ended(t *testing.T, status int) ending {
	t.Helper()
	require.Equal(t, status, e.status, "%s%s", e.out, e.err)
	return e
}
