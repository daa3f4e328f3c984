package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// caller calls a registry over HTTP. Each response is validated with the registry's
// OpenAPI document.
type caller struct {
	server *testServer
	token  string // empty: no credentials
	tenant string // X-Tenant-ID; empty: no header
	host   string // empty: the registry's address
}

// platform returns the super-admin, without a tenant.
func (s *testServer) platform() caller { return caller{server: s, token: platform} }

// tenant creates a tenant and returns the super-admin with that tenant.
func (s *testServer) tenant(t *testing.T) caller {
	t.Helper()
	return s.tenantNamed(t, "t-"+strings.ToLower(uuid.NewString()[:8]))
}

// tenantNamed creates a tenant with this slug and returns the super-admin with it.
func (s *testServer) tenantNamed(t *testing.T, slug string) caller {
	t.Helper()
	s.platform().send(t, http.MethodPost, "/api/v1/tenants",
		map[string]any{"slug": slug, "name": "Tenant " + slug}).hasStatus(t, http.StatusCreated)
	c := s.platform()
	c.tenant = slug
	return c
}

// deleteTenant soft-deletes the caller's tenant.
func (c caller) deleteTenant(t *testing.T) {
	t.Helper()
	c.send(t, http.MethodDelete, c.tenantPath(), nil).hasStatus(t, http.StatusNoContent)
}

// suspendTenant suspends the caller's tenant.
func (c caller) suspendTenant(t *testing.T) {
	t.Helper()
	c.send(t, http.MethodPut, c.tenantPath(), `{"state":"suspended"}`).hasStatus(t, http.StatusOK)
}

// key creates an API key in the caller's tenant and returns a caller with that key.
// It names no tenant, because the key does.
func (c caller) key(t *testing.T, role tenancy.Role) caller {
	t.Helper()
	created := c.send(t, http.MethodPost, c.tenantPath()+"/keys",
		map[string]any{"name": string(role), "role": role}).hasStatus(t, http.StatusCreated)
	return caller{server: c.server, token: decode[struct{ Secret string }](t, created).Secret}
}

// tenantPath returns the path of the caller's tenant.
func (c caller) tenantPath() string { return "/api/v1/tenants/" + c.tenant }

// send sends a request. A body of type string or []byte is sent unchanged, any
// other as JSON. Headers are pairs of name and value.
func (c caller) send(t testing.TB, method, path string, body any, header ...string) response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.server.url+path, bodyOf(t, body))
	requireNoError(t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	if c.tenant != "" {
		req.Header.Set("X-Tenant-ID", c.tenant)
	}
	if c.host != "" {
		req.Host = c.host
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.server.document.Client(t, nil).Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	requireNoError(t, err)
	return response{res.StatusCode, res.Header, got}
}

// bodyOf returns the body of a request; see send.
func bodyOf(t testing.TB, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	case []byte:
		return bytes.NewReader(b)
	}
	var raw bytes.Buffer
	enc := json.NewEncoder(&raw)
	enc.SetEscapeHTML(false)
	requireNoError(t, enc.Encode(body))
	return &raw
}

// get sends a GET request.
func (c caller) get(t testing.TB, path string) response {
	t.Helper()
	return c.send(t, http.MethodGet, path, nil)
}

// put writes a resource and requires success. Labels are pairs of name and value.
func (c caller) put(t testing.TB, kind, name string, spec any, labels ...string) response {
	t.Helper()
	body := map[string]any{"spec": spec}
	if len(labels) > 0 {
		body["labels"] = pairs(labels)
	}
	got := c.send(t, http.MethodPut, resource(kind, name), body)
	if got.status != http.StatusCreated && got.status != http.StatusOK {
		t.Fatalf("%s %q: HTTP %d: %s", kind, name, got.status, got.body)
	}
	return got
}

// pairs returns the map of a list of names and values.
func pairs(labels []string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(labels); i += 2 {
		m[labels[i]] = labels[i+1]
	}
	return m
}

// resource returns the path of a resource.
func resource(kind, name string) string {
	return "/api/v1/" + kindPath(kind) + "/" + escapeSegment(name)
}

// export returns the bundle of the caller's tenant.
func (c caller) export(t testing.TB) []byte {
	t.Helper()
	return c.get(t, c.tenantPath()+"/export").hasStatus(t, http.StatusOK).body
}

// importBundle imports a bundle into the caller's tenant.
func (c caller) importBundle(t testing.TB, bundle []byte, query string) response {
	t.Helper()
	return c.send(t, http.MethodPost, c.tenantPath()+"/import"+query, bundle)
}

// names returns the names on all pages of a list.
func (c caller) names(t testing.TB, path string, query url.Values) []string {
	t.Helper()
	names := []string{}
	for {
		page := c.get(t, path+"?"+query.Encode()).hasStatus(t, http.StatusOK)
		list := decode[struct {
			Items []struct{ Name string }
			Next  string `json:"next_cursor"`
		}](t, page)
		for _, item := range list.Items {
			names = append(names, item.Name)
		}
		if list.Next == "" {
			return names
		}
		if len(list.Items) == 0 {
			t.Fatal("a page before the last one is empty")
		}
		query.Set("cursor", list.Next)
	}
}

// spec returns the spec of a resource.
func (c caller) spec(t testing.TB, kind, name string) map[string]any {
	t.Helper()
	return decode[struct{ Spec map[string]any }](t,
		c.get(t, resource(kind, name)).hasStatus(t, http.StatusOK)).Spec
}
