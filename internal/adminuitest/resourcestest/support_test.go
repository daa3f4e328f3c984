package resourcestest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/ports"
)

// hostile is text that would be markup, a script or a template if it weren't escaped.
const hostile = `<script>alert(1)</script>"'&{{.}}`

// newSite starts a site with tenancy on.
func newSite(t *testing.T) *site.Site {
	t.Helper()
	return site.New(t, site.Options{MultiTenant: true})
}

// put stores a resource of acme.
func put(t *testing.T, s *site.Site, kind, name, spec string, labels ...string) federation.Resource {
	t.Helper()
	return putIn(t, s, "acme", kind, name, spec, labels...)
}

// putIn stores a resource; labels are keys and values in turn.
func putIn(
	t *testing.T, s *site.Site, tenant, kind, name, spec string, labels ...string,
) federation.Resource {
	t.Helper()
	item := federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: json.RawMessage(spec),
		Labels: map[string]string{}}
	for i := 0; i+1 < len(labels); i += 2 {
		item.Labels[labels[i]] = labels[i+1]
	}
	stored, _, err := s.Services.Resources.Put(t.Context(), s.Tenants[tenant].ID, item, ports.Condition{})
	require.NoError(t, err)
	return stored
}

// get reads a resource of acme from the store.
func get(t *testing.T, s *site.Site, kind, name string) federation.Resource {
	t.Helper()
	found, err := s.Services.Resources.Get(t.Context(), s.Tenants["acme"].ID,
		federation.Ref{Kind: kind, Name: name})
	require.NoError(t, err)
	return found
}

// exists reports whether acme has a resource.
func exists(t *testing.T, s *site.Site, kind, name string) bool {
	t.Helper()
	_, err := s.Services.Resources.Get(t.Context(), s.Tenants["acme"].ID,
		federation.Ref{Kind: kind, Name: name})
	return err == nil
}

// putPrompts stores prompts p-000, p-001 and so on.
func putPrompts(t *testing.T, s *site.Site, n int) {
	t.Helper()
	for i := range n {
		put(t, s, "prompt", fmt.Sprintf("p-%03d", i), `{"template":"x"}`, "n", fmt.Sprint(i%2))
	}
}

// open opens a page that must be there.
func open(b *site.Browser, path string) *site.Page { return b.Get(path).Want(http.StatusOK) }
