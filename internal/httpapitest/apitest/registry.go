package apitest

import (
	"context"
	"crypto/sha256"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/openapitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// PlatformToken makes its bearer a super-admin.
const PlatformToken = "platform-token-of-the-tests-0123456789"

// Registry is a registry over HTTP with the tenants acme and beta and an API key of
// every role in each of them.
type Registry struct {
	Services ports.Services
	Handler  http.Handler
	Server   *httptest.Server      // nil until Serve
	Document *openapitest.Document // the one that the server serves; nil until Serve
	Client   *http.Client          // checks every response against Document
	Tenants  map[string]tenancy.Tenant
	Tokens   map[string]string // by caller: "root", "acme-viewer", …
	Log      *LogBuffer
}

// Option changes the options of a registry's handler.
type Option func(*httpapi.Options)

// New starts a registry over adapters/memory for one test.
func New(t *testing.T, options ...Option) *Registry {
	t.Helper()
	return NewOver(t, memory.New(Kinds(), memory.Options{}).Services(), options...)
}

// NewOver starts a registry over services that don't have the tenants yet.
func NewOver(t *testing.T, services ports.Services, options ...Option) *Registry {
	t.Helper()
	reg := newUnservedOver(t, services, options...)
	reg.Serve(t)
	return reg
}

// NewUnserved returns a registry without a server.
func NewUnserved(t testing.TB, options ...Option) *Registry {
	t.Helper()
	return newUnservedOver(t, memory.New(Kinds(), memory.Options{}).Services(), options...)
}

func newUnservedOver(t testing.TB, services ports.Services, options ...Option) *Registry {
	t.Helper()
	reg := Wrap(services, options...)
	for _, slug := range []string{"acme", "beta"} {
		reg.AddTenant(t, slug)
	}
	return reg
}

// Wrap returns a registry over services as they are: without a server, and without
// separate tenants and keys.
func Wrap(services ports.Services, options ...Option) *Registry {
	reg := &Registry{
		Services: services, Tenants: map[string]tenancy.Tenant{}, Log: &LogBuffer{},
		Tokens: map[string]string{"root": PlatformToken},
	}
	o := httpapi.Options{
		MultiTenant: true, Resolver: resolve.New(services.Tenants,
			resolve.Options{BaseDomain: "registry.test"}),
		PlatformTokenHash: sha256.Sum256([]byte(PlatformToken)), Discovery: discoveryLists(),
		Logger: slog.New(slog.NewTextHandler(reg.Log, nil)),
	}
	for _, option := range options {
		option(&o)
	}
	reg.Handler = httpapi.New(services, o)
	return reg
}

// Serve starts a server of the registry for one test and reads its OpenAPI document.
func (reg *Registry) Serve(t *testing.T) {
	t.Helper()
	reg.Server = httptest.NewServer(reg.Handler)
	t.Cleanup(reg.Server.Close)
	res, err := http.Get(reg.Server.URL + "/api/v1/openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	reg.Document, err = openapitest.New(raw)
	require.NoError(t, err)
	reg.Client = reg.Document.Client(t, reg.Server.Client().Transport)
}

// AddTenant creates a tenant with an API key of every role.
func (reg *Registry) AddTenant(t testing.TB, slug string) {
	t.Helper()
	tenant, err := reg.Services.Tenants.Create(t.Context(),
		tenancy.NewTenant(tenancy.NewID(), tenancy.Slug(slug), strings.ToUpper(slug)))
	require.NoError(t, err)
	reg.Tenants[slug] = tenant
	for _, role := range tenancy.Roles() {
		reg.Tokens[slug+"-"+string(role)] = reg.AddKey(t, tenant.ID, role)
	}
}

// AddKey creates an API key and returns its secret.
func (reg *Registry) AddKey(t testing.TB, tenant tenancy.ID, role tenancy.Role) string {
	t.Helper()
	secret := tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	_, err = reg.Services.Keys.Create(t.Context(), tenant, tenancy.APIKey{
		ID: tenancy.NewID().String(), Tenant: tenant, Name: string(role), Role: role, Hash: hash,
	})
	require.NoError(t, err)
	return secret
}

// Suspend suspends a tenant in the store, without a call of the API.
func (reg *Registry) Suspend(t *testing.T, slug string) {
	reg.edit(t, slug, func(t *tenancy.Tenant) error { return t.SetState(tenancy.Suspended) })
}

// DeleteTenant deletes a tenant in the store, without a call of the API.
func (reg *Registry) DeleteTenant(t *testing.T, slug string) {
	reg.edit(t, slug, func(t *tenancy.Tenant) error { return t.Delete(time.Now()) })
}

// edit must come before the first request for the tenant: the registry's caches don't see
// the change.
func (reg *Registry) edit(t *testing.T, slug string, change func(*tenancy.Tenant) error) {
	t.Helper()
	tenant := reg.Tenants[slug]
	require.NoError(t, change(&tenant))
	stored, err := reg.Services.Tenants.Update(context.Background(), tenant)
	require.NoError(t, err)
	reg.Tenants[slug] = stored
}
