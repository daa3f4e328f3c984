package site

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Options configures [New].
type Options struct {
	// MultiTenant turns tenancy on, with the tenants acme and globex. Without it there is only
	// the default tenant.
	MultiTenant bool

	API   func(*httpapi.Options) // changes the options of the API
	Pages func(*adminui.Options) // changes the options of the pages

	// Kinds are those of the API. Defaults to [apitest.Kinds].
	Kinds *federation.Kinds

	// Around wraps the API that the pages call.
	Around func(http.Handler) http.Handler
}

// Site is the admin pages and the API on one server, with the tenants and people of the
// tests.
type Site struct {
	Services ports.Services
	Server   *httptest.Server
	Tenants  map[string]tenancy.Tenant // by slug; also the default one
	Users    map[string]User           // by e-mail address
	Log      *apitest.LogBuffer

	multiTenant bool
}

// New starts a site for one test.
func New(t testing.TB, o Options) *Site {
	t.Helper()
	if o.Kinds == nil {
		o.Kinds = apitest.Kinds()
	}
	services := memory.New(o.Kinds, memory.Options{}).Services()
	s := &Site{Services: services, Tenants: map[string]tenancy.Tenant{}, Users: map[string]User{},
		Log: &apitest.LogBuffer{}, multiTenant: o.MultiTenant}
	s.addTenants(t)
	s.addPeople(t)
	s.serve(t, o)
	return s
}

func (s *Site) addTenants(t testing.TB) {
	t.Helper()
	first, err := s.Services.Tenants.Get(t.Context(), tenancy.DefaultID)
	require.NoError(t, err)
	s.Tenants[string(first.Slug)] = first
	if !s.multiTenant {
		return
	}
	for slug, name := range map[string]string{"acme": "Acme Works", "globex": "Globex Corporation"} {
		s.AddTenant(t, slug, name)
	}
}

// AddTenant creates a tenant, in the store.
func (s *Site) AddTenant(t testing.TB, slug, name string) tenancy.Tenant {
	t.Helper()
	tenant, err := s.Services.Tenants.Create(t.Context(),
		tenancy.NewTenant(tenancy.NewID(), tenancy.Slug(slug), name))
	require.NoError(t, err)
	s.Tenants[slug] = tenant
	return tenant
}

// Edit changes a tenant, in the store.
func (s *Site) Edit(t testing.TB, slug string, change func(*tenancy.Tenant)) tenancy.Tenant {
	t.Helper()
	tenant, err := s.Services.Tenants.Get(t.Context(), s.Tenants[slug].ID)
	require.NoError(t, err)
	change(&tenant)
	tenant, err = s.Services.Tenants.Update(t.Context(), tenant)
	require.NoError(t, err)
	return tenant
}

// serve starts the server. The API's caches are off, so that a test can change the store.
func (s *Site) serve(t testing.TB, o Options) {
	t.Helper()
	log := slog.New(slog.NewTextHandler(s.Log, nil))
	api := httpapi.Options{
		MultiTenant: o.MultiTenant, Logger: log, Resolver: resolve.New(s.Services.Tenants,
			resolve.Options{BaseDomain: "registry.test", ChangeNotifier: s.Services.ChangeNotifier}),
	}
	api.SignIn.Cost, api.SignIn.Refusal = cheap, time.Nanosecond
	pages := adminui.Options{MultiTenant: o.MultiTenant, Logger: log}
	if o.API != nil {
		o.API(&api)
	}
	if o.Pages != nil {
		o.Pages(&pages)
	}
	handler := httpapi.New(s.Services, api)
	called := http.Handler(handler)
	if o.Around != nil {
		called = o.Around(handler)
	}
	ui := adminui.New(called, s.Services.Kinds, pages)
	prefix := pages.Prefix
	if prefix == "" {
		prefix = "/admin"
	}
	mux := http.NewServeMux()
	mux.Handle("/", handler)
	mux.Handle(prefix, ui)
	mux.Handle(prefix+"/", ui)
	mux.Handle("/invitations/accept", ui)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Server.Close)
}
