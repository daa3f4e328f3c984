package httpapitest_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/openapitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// platformToken makes its bearer a super-admin.
const platformToken = "platform-token-of-the-tests-0123456789"

// world is a registry with two tenants, acme and beta, in each of which there
// is an API key of every role.
type world struct {
	services ports.Services
	handler  http.Handler
	server   *httptest.Server
	document *openapitest.Document
	client   *http.Client
	tenants  map[string]tenancy.Tenant
	tokens   map[string]string // by caller: "root", "acme-viewer", …
	log      *log
}

// with changes the options of a world.
type with func(*httpapi.Options)

// newWorld starts a registry for one test.
func newWorld(t *testing.T, changes ...with) *world {
	t.Helper()
	return newWorldOver(t, memory.New(testKinds(), memory.Options{}).Services(), changes...)
}

func newWorldOver(t *testing.T, services ports.Services, changes ...with) *world {
	t.Helper()
	w := bareWorldOver(t, services, changes...)
	w.server = httptest.NewServer(w.handler)
	t.Cleanup(w.server.Close)
	w.readDocument(t)
	return w
}

// bareWorld is a world without a server.
func bareWorld(t testing.TB, changes ...with) *world {
	t.Helper()
	return bareWorldOver(t, memory.New(testKinds(), memory.Options{}).Services(), changes...)
}

func bareWorldOver(t testing.TB, services ports.Services, changes ...with) *world {
	t.Helper()
	w := &world{services: services, tenants: map[string]tenancy.Tenant{}}
	w.build(changes...)
	for _, slug := range []string{"acme", "beta"} {
		w.addTenant(t, slug)
	}
	return w
}

// build makes the handler over the world's services.
func (w *world) build(changes ...with) {
	w.log = &log{}
	w.tokens = map[string]string{"root": platformToken}
	o := httpapi.Options{
		MultiTenant: true, Resolver: resolve.New(w.services.Tenants,
			resolve.Options{BaseDomain: "registry.test"}),
		PlatformTokenHash: sha256.Sum256([]byte(platformToken)), Discovery: testDiscovery(),
		Logger: slog.New(slog.NewTextHandler(w.log, nil)),
	}
	for _, change := range changes {
		change(&o)
	}
	w.handler = httpapi.New(w.services, o)
}

func (w *world) readDocument(t *testing.T) {
	t.Helper()
	res, err := http.Get(w.server.URL + "/api/v1/openapi.json")
	require.NoError(t, err)
	defer res.Body.Close()
	require.Equal(t, http.StatusOK, res.StatusCode)
	raw, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	w.document, err = openapitest.New(raw)
	require.NoError(t, err)
	w.client = w.document.Client(t, w.server.Client().Transport)
}

func (w *world) addTenant(t testing.TB, slug string) {
	t.Helper()
	tenant, err := w.services.Tenants.Create(t.Context(), tenancy.Tenant{
		ID: tenancy.NewID(), Slug: tenancy.Slug(slug), Name: strings.ToUpper(slug),
		State: tenancy.Active, Settings: json.RawMessage(`{}`),
	})
	require.NoError(t, err)
	w.tenants[slug] = tenant
	for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin,
		tenancy.Replicator} {
		w.tokens[slug+"-"+string(role)] = w.addKey(t, tenant.ID, role)
	}
}

func (w *world) addKey(t testing.TB, tenant tenancy.ID, role tenancy.Role) string {
	t.Helper()
	secret := tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	_, err = w.services.Keys.Create(t.Context(), tenant, tenancy.APIKey{
		ID: tenancy.NewID().String(), Tenant: tenant, Name: string(role), Role: role, Hash: hash,
	})
	require.NoError(t, err)
	return secret
}

// ask is one request.
type ask struct {
	// a caller of world.tokens; "" sends no credentials, anything else is sent as it is
	as     string
	method string // "GET" where it is empty
	path   string
	tenant string // X-Tenant-ID
	host   string
	body   string
	header map[string]string
}

// got is its answer.
type got struct {
	status int
	header http.Header
	body   []byte
}

// do sends a request; its answer has been held against the OpenAPI document.
func (w *world) do(t *testing.T, a ask) got {
	t.Helper()
	req := w.request(t.Context(), t, a)
	res, err := w.client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return got{res.StatusCode, res.Header, body}
}

func (w *world) request(ctx context.Context, t *testing.T, a ask) *http.Request {
	t.Helper()
	if a.method == "" {
		a.method = http.MethodGet
	}
	var body io.Reader
	if a.body != "" {
		body = strings.NewReader(a.body)
	}
	req, err := http.NewRequestWithContext(ctx, a.method, w.server.URL+a.path, body)
	require.NoError(t, err)
	if token, ok := w.tokens[a.as]; ok {
		req.Header.Set("Authorization", "Bearer "+token)
	} else if a.as != "" {
		req.Header.Set("Authorization", a.as)
	}
	if a.tenant != "" {
		req.Header.Set("X-Tenant-ID", a.tenant)
	}
	if a.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if a.host != "" {
		req.Host = a.host
	}
	for name, value := range a.header {
		req.Header.Set(name, value)
	}
	return req
}

// put writes a resource as acme's editor and wants it to succeed.
func (w *world) put(t *testing.T, path, body string) got {
	t.Helper()
	g := w.do(t, ask{as: "acme-editor", method: http.MethodPut, path: path, body: body})
	require.Contains(t, []int{http.StatusOK, http.StatusCreated}, g.status, "%s: %s", path, g.body)
	return g
}

// json reads the answer's body into a value of type T.
func read[T any](t *testing.T, g got) T {
	t.Helper()
	var v T
	require.NoError(t, json.Unmarshal(g.body, &v), "%s", g.body)
	return v
}

// problem is an error as a client sees it.
type problem struct {
	Status    int              `json:"status"`
	Code      tenancy.Code     `json:"code"`
	Detail    string           `json:"detail"`
	RequestID string           `json:"request_id"`
	Errors    []tenancy.Detail `json:"errors"`
}

// refused wants the answer to be a problem with this status and code.
func (g got) refused(t *testing.T, status int, code tenancy.Code) problem {
	t.Helper()
	require.Equal(t, status, g.status, "%s", g.body)
	require.Equal(t, httpapi.ProblemType, g.header.Get("Content-Type"))
	p := read[problem](t, g)
	require.Equal(t, code, p.Code, "%s", g.body)
	require.Equal(t, status, p.Status)
	require.Equal(t, g.header.Get("X-Request-ID"), p.RequestID)
	return p
}

// ok wants the answer to have this status.
func (g got) ok(t *testing.T, status int) got {
	t.Helper()
	require.Equal(t, status, g.status, "%s", g.body)
	return g
}

// names gives the names of a list's items.
func (g got) names(t *testing.T) []string {
	t.Helper()
	list := read[struct{ Items []struct{ Name string } }](t, g)
	names := make([]string, 0, len(list.Items))
	for _, item := range list.Items {
		names = append(names, item.Name)
	}
	return names
}
