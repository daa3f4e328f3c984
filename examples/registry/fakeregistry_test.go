package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// fakeRegistry answers as a registry does, as far as a client can tell. It
// keeps what is put, and refuses what extends something it doesn't have.
type fakeRegistry struct {
	mu           sync.Mutex
	items        map[string]json.RawMessage // by the escaped path behind /api/v1/
	headers      []http.Header
	uris         []string
	refuse       map[string]string // a problem by METHOD PATH
	bundle       []byte            // what is exported
	missingBytes int               // how many bytes of it are lost
	imported     []byte            // what was imported
	report       string            // what an import answers
}

// calls answers the requests so far. A client that was cancelled may be gone
// before its last ones are served.
func (f *fakeRegistry) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.uris)
}

// start serves the registry and answers its address.
func (f *fakeRegistry) start(t *testing.T) string {
	f.items = map[string]json.RawMessage{}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

func (f *fakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.headers = append(f.headers, r.Header)
	f.uris = append(f.uris, r.Method+" "+r.URL.RequestURI())
	if p, ok := f.refuse[r.Method+" "+r.URL.EscapedPath()]; ok {
		writeProblem(w, p)
		return
	}
	var body bytes.Buffer
	body.ReadFrom(r.Body)
	switch {
	case r.Method == http.MethodPut:
		f.put(w, r, body.Bytes())
	case r.Method == http.MethodPost:
		f.imported = body.Bytes()
		fmt.Fprint(w, f.report)
	default:
		w.Header().Set("Content-Length", fmt.Sprint(len(f.bundle)))
		w.Write(f.bundle[:len(f.bundle)-f.missingBytes])
	}
}

func (f *fakeRegistry) put(w http.ResponseWriter, r *http.Request, raw []byte) {
	path := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1/")
	_, there := f.items[path]
	var item struct{ Spec map[string]any }
	if err := json.Unmarshal(raw, &item); err != nil {
		writeProblem(w, `{"status":400,"code":"invalid_json"}`)
		return
	}
	if there && r.Header.Get("If-None-Match") == "*" {
		writeProblem(w, `{"status":412,"code":"already_exists"}`)
		return
	}
	if parent, ok := item.Spec["extends"].(string); ok && f.items["agents/"+parent] == nil {
		writeProblem(w, `{"status":422,"code":"dangling_reference","detail":"refers to nothing","errors":[{"path":"/spec/extends","code":"dangling_reference","detail":"no agent of that name"}]}`)
		return
	}
	f.items[path] = raw
	fmt.Fprint(w, `{}`)
}

func writeProblem(w http.ResponseWriter, body string) {
	var p struct{ Status int }
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	fmt.Fprint(w, body)
}

// output is what a command line wrote, and its exit status.
type output struct {
	status   int
	out, err string
}

// runLine runs a command line with a token in its environment.
func runLine(t *testing.T, args ...string) output {
	t.Helper()
	var out, errors bytes.Buffer
	status := run(t.Context(), args,
		terminal{out: &out, err: &errors, getenv: func(name string) string {
			return map[string]string{"REGISTRY_TOKEN": "sesame"}[name]
		}})
	return output{status, out.String(), errors.String()}
}

// writeInput writes a file into a folder of its own.
func writeInput(t *testing.T, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
