package harness

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/examples/registry/apiclient"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Caller calls a registry over HTTP. Each response is validated with the registry's
// OpenAPI document.
type Caller struct {
	Server *Server
	Token  string // empty: no credentials
	Tenant string // X-Tenant-ID; empty: no header
	Host   string // empty: the registry's address
}

// Platform returns the super-admin, without a tenant.
func (s *Server) Platform() Caller { return Caller{Server: s, Token: Platform} }

// Tenant creates a tenant and returns the super-admin with that tenant.
func (s *Server) Tenant(t *testing.T) Caller {
	t.Helper()
	return s.TenantNamed(t, "t-"+strings.ToLower(uuid.NewString()[:8]))
}

// TenantNamed creates a tenant with this slug and returns the super-admin with it.
func (s *Server) TenantNamed(t *testing.T, slug string) Caller {
	t.Helper()
	s.Platform().Send(t, http.MethodPost, "/api/v1/tenants",
		map[string]any{"slug": slug, "name": "Tenant " + slug}).HasStatus(t, http.StatusCreated)
	c := s.Platform()
	c.Tenant = slug
	return c
}

// DeleteTenant soft-deletes the caller's tenant.
func (c Caller) DeleteTenant(t testing.TB) {
	t.Helper()
	c.Send(t, http.MethodDelete, c.TenantPath(), nil).HasStatus(t, http.StatusNoContent)
}

// SuspendTenant suspends the caller's tenant.
func (c Caller) SuspendTenant(t testing.TB) {
	t.Helper()
	c.Send(t, http.MethodPut, c.TenantPath(), `{"state":"suspended"}`).HasStatus(t, http.StatusOK)
}

// Key creates an API key in the caller's tenant and returns a caller with that key.
// It names no tenant, because the key does.
func (c Caller) Key(t *testing.T, role tenancy.Role) Caller {
	t.Helper()
	created := c.Send(t, http.MethodPost, c.TenantPath()+"/keys",
		map[string]any{"name": string(role), "role": role}).HasStatus(t, http.StatusCreated)
	return Caller{Server: c.Server, Token: Decode[struct{ Secret string }](t, created).Secret}
}

// TenantPath returns the path of the caller's tenant.
func (c Caller) TenantPath() string { return "/api/v1/tenants/" + c.Tenant }

// Send sends a request. A body of type string or []byte is sent unchanged, any
// other as JSON. Headers are pairs of name and value.
func (c Caller) Send(t testing.TB, method, path string, body any, header ...string) Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, c.Server.URL+path, bodyOf(t, body))
	requireNoError(t, err)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	if c.Tenant != "" {
		req.Header.Set("X-Tenant-ID", c.Tenant)
	}
	if c.Host != "" {
		req.Host = c.Host
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Server.document.Client(t, nil).Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	requireNoError(t, err)
	return Response{res.StatusCode, res.Header, got}
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

// Get sends a GET request.
func (c Caller) Get(t testing.TB, path string) Response {
	t.Helper()
	return c.Send(t, http.MethodGet, path, nil)
}

// Put writes a resource and requires success. Labels are pairs of name and value.
func (c Caller) Put(t testing.TB, kind, name string, spec any, labels ...string) Response {
	t.Helper()
	body := map[string]any{"spec": spec}
	if len(labels) > 0 {
		body["labels"] = pairs(labels)
	}
	got := c.Send(t, http.MethodPut, Resource(kind, name), body)
	if got.Status != http.StatusCreated && got.Status != http.StatusOK {
		t.Fatalf("%s %q: HTTP %d: %s", kind, name, got.Status, got.Body)
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

// Resource returns the path of a resource.
func Resource(kind, name string) string {
	return "/api/v1/" + kinds.Path(kind) + "/" + apiclient.EscapeSegment(name)
}

// Export returns the bundle of the caller's tenant.
func (c Caller) Export(t testing.TB) []byte {
	t.Helper()
	return c.Get(t, c.TenantPath()+"/export").HasStatus(t, http.StatusOK).Body
}

// ImportBundle imports a bundle into the caller's tenant.
func (c Caller) ImportBundle(t testing.TB, bundle []byte, query string) Response {
	t.Helper()
	return c.Send(t, http.MethodPost, c.TenantPath()+"/import"+query, bundle)
}

// Names returns the names on all pages of a list.
func (c Caller) Names(t testing.TB, path string, query url.Values) []string {
	t.Helper()
	names := []string{}
	for {
		page := c.Get(t, path+"?"+query.Encode()).HasStatus(t, http.StatusOK)
		list := Decode[struct {
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

// Spec returns the spec of a resource.
func (c Caller) Spec(t testing.TB, kind, name string) map[string]any {
	t.Helper()
	return Decode[struct{ Spec map[string]any }](t,
		c.Get(t, Resource(kind, name)).HasStatus(t, http.StatusOK)).Spec
}
