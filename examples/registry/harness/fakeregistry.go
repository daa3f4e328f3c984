package harness

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
)

// FakeRegistry is a test double of a registry. It stores the resources that are put,
// and refuses those that extend a missing agent.
type FakeRegistry struct {
	mu           sync.Mutex
	Items        map[string]json.RawMessage // by the escaped path after /api/v1/
	Headers      []http.Header              // of all requests
	uris         []string
	Refuse       map[string]string // problem by METHOD PATH
	Bundle       []byte            // the response to an export
	MissingBytes int               // how many bytes at the end of Bundle aren't sent
	Imported     []byte            // the body of the last import
	Report       string            // the response to an import
	TenantIDs    map[string]string // ids by slug; a tenant that is missing has an id too
	Tenant       string            // the response to a request for a tenant; empty: only an id
}

// Calls returns the requests so far. If the client was cancelled, its last requests
// may be served later.
func (f *FakeRegistry) Calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.uris)
}

// Start starts the server and returns its URL.
func (f *FakeRegistry) Start(t *testing.T) string {
	f.Items = map[string]json.RawMessage{}
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	return s.URL
}

// ServeHTTP serves one request.
func (f *FakeRegistry) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Headers = append(f.Headers, r.Header)
	f.uris = append(f.uris, r.Method+" "+r.URL.RequestURI())
	if p, ok := f.Refuse[r.Method+" "+r.URL.EscapedPath()]; ok {
		writeProblem(w, p)
		return
	}
	var body bytes.Buffer
	body.ReadFrom(r.Body)
	switch {
	case r.Method == http.MethodPut:
		f.put(w, r, body.Bytes())
	case r.Method == http.MethodGet && path.Dir(r.URL.Path) == "/api/v1/tenants":
		id := cmp.Or(f.TenantIDs[path.Base(r.URL.Path)], r.URL.Path)
		fmt.Fprint(w, cmp.Or(f.Tenant, fmt.Sprintf(`{"id":%q}`, id)))
	case r.Method == http.MethodPost:
		f.Imported = body.Bytes()
		fmt.Fprint(w, f.Report)
	default:
		w.Header().Set("Content-Length", fmt.Sprint(len(f.Bundle)))
		w.Write(f.Bundle[:len(f.Bundle)-f.MissingBytes])
	}
}

// put stores a resource.
func (f *FakeRegistry) put(w http.ResponseWriter, r *http.Request, raw []byte) {
	name := strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1/")
	_, exists := f.Items[name]
	var item struct{ Spec map[string]any }
	if err := json.Unmarshal(raw, &item); err != nil {
		writeProblem(w, `{"status":400,"code":"invalid_json"}`)
		return
	}
	if exists && r.Header.Get("If-None-Match") == "*" {
		writeProblem(w, `{"status":412,"code":"already_exists"}`)
		return
	}
	if parent, ok := item.Spec["extends"].(string); ok && f.Items["agents/"+parent] == nil {
		writeProblem(w, `{"status":422,"code":"dangling_reference","detail":"missing reference",
			"errors":[{"path":"/spec/extends","code":"dangling_reference","detail":"no agent of that name"}]}`)
		return
	}
	f.Items[name] = raw
	fmt.Fprint(w, `{}`)
}

// writeProblem writes a problem with the status that is in its body.
func writeProblem(w http.ResponseWriter, body string) {
	var p struct{ Status int }
	if err := json.Unmarshal([]byte(body), &p); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(p.Status)
	fmt.Fprint(w, body)
}
