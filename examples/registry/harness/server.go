// Package harness starts registries for tests: in the test's process or in a new one. It
// runs commands, and it calls the HTTP API. It starts no database and imports no assertion
// library, because it isn't a test itself; a test gives it the URL of a database.
package harness

import (
	"cmp"
	"context"
	"io"
	"maps"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
	"github.com/bailiwick-go/bailiwick/internal/openapitest"
)

// Platform is the super-admin's token in the tests.
const Platform = "platform-token-of-the-tests-0123456789"

// SecretsKey is base64 of 32 bytes.
const SecretsKey = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// Server is a running registry.
type Server struct {
	URL      string
	Log      *LogBuffer
	document *openapitest.Document
}

// RolePrefix is the ROLE_PREFIX of registries in tests, unless they have another. All share the roles:
// so a copy of a migrated database needs no migration.
const RolePrefix = "bailiwick"

// getenv returns settings, as os.Getenv does.
func getenv(set map[string]string) func(string) string {
	return func(name string) string {
		if name == "ROLE_PREFIX" {
			return cmp.Or(set[name], RolePrefix)
		}
		return set[name]
	}
}

// ServeOn starts a registry with tenancy on, on the database at this URL.
func ServeOn(t testing.TB, databaseURL string) *Server {
	t.Helper()
	return Serve(t, map[string]string{"DATABASE_URL": databaseURL, "MULTI_TENANT": "true"})
}

// Serve starts a registry with these settings, in the test's process. It stops when
// the test ends.
func Serve(t testing.TB, set map[string]string) *Server {
	t.Helper()
	set = maps.Clone(set)
	for name, value := range map[string]string{"ADDR": "127.0.0.1:0", "ADMIN_TOKEN": Platform,
		"SECRETS_KEY": SecretsKey, "DATA_DIR": "/nowhere"} {
		if set[name] == "" {
			set[name] = value
		}
	}
	s := &Server{Log: newLogBuffer()}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan int, 1)
	go func() { // ends with the context; waited for in the cleanup
		ended <- cli.Run(ctx, []string{"serve"},
			terminal.Terminal{Out: io.Discard, Err: s.Log,
				Getenv: getenv(set)})
	}()
	t.Cleanup(func() {
		stop()
		if status := <-ended; status != cli.ExitDone {
			t.Errorf("the registry ended with the exit status %d\n%s", status, s.Log)
		}
	})
	s.waitUntilReady(t)
	return s
}

// waitUntilReady reads the registry's URL from its log and waits until it is ready, for
// at most the documented 60 s.
func (s *Server) waitUntilReady(t testing.TB) {
	t.Helper()
	s.URL = s.Log.URL(t)
	ready := func() bool {
		res, err := http.Get(s.URL + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	}
	for deadline := time.Now().Add(time.Minute); !ready(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not ready after a minute:\n%s", s.Log)
		}
	}
	s.document = openAPIDocument(t, s.URL)
}

// documents caches the OpenAPI documents by their text, because compiling their
// schemas is slow.
var documents struct {
	sync.Mutex
	byText map[string]*openapitest.Document
}

// openAPIDocument returns the compiled OpenAPI document of the registry at url.
func openAPIDocument(t testing.TB, url string) *openapitest.Document {
	t.Helper()
	res, err := http.Get(url + "/api/v1/openapi.json")
	requireNoError(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("the OpenAPI document: HTTP %d", res.StatusCode)
	}
	raw, err := io.ReadAll(res.Body)
	requireNoError(t, err)

	documents.Lock()
	defer documents.Unlock()
	if d := documents.byText[string(raw)]; d != nil {
		return d
	}
	d, err := openapitest.New(raw)
	requireNoError(t, err)
	if documents.byText == nil {
		documents.byText = map[string]*openapitest.Document{}
	}
	documents.byText[string(raw)] = d
	return d
}

// requireNoError ends the test if there is an error.
func requireNoError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
