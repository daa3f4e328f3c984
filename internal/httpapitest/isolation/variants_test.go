package isolation_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// unknown is the state of a tenant that doesn't exist.
const unknown tenancy.State = "unknown"

// The ids and keys that all variants share.
var (
	acmeID, betaID = tenancy.NewID(), tenancy.NewID()
	acmeKeys       = map[tenancy.Role]string{tenancy.Viewer: tenancy.NewKeySecret(),
		tenancy.Admin: tenancy.NewKeySecret()}
	betaKey = tenancy.NewKeySecret()
)

// variant is a registry that equals other variants, down to ids and times, except for
// the state of its tenant beta. It records the calls of its stores.
type variant struct {
	handler  http.Handler
	services ports.Services
	seconds  atomic.Int64 // since 2030-01-01
	calls    callRecorder
}

const (
	resourceLimit = 512 // bytes
	bundleLimit   = 1024
)

// variants has one variant for each state of beta. All of them get the same requests in
// the same order.
type variants map[tenancy.State]*variant

func newVariants(t *testing.T, options ...apitest.Option) variants {
	t.Helper()
	all := variants{}
	for _, state := range []tenancy.State{unknown, tenancy.Deleted, tenancy.Suspended,
		tenancy.Active} {
		all[state] = newVariant(t, state, options...)
	}
	return all
}

func newVariant(t *testing.T, state tenancy.State, options ...apitest.Option) *variant {
	t.Helper()
	u := &variant{}
	ids := 0
	newID := func() string { ids++; return fmt.Sprintf("01900000-0000-7000-8000-%012x", ids) }
	services := memory.New(apitest.Kinds(), memory.Options{Clock: u.now, NewID: newID}).Services()
	services = u.calls.record(services)
	u.services = services

	own := func(o *httpapi.Options) {
		o.Clock, o.ResourceLimit, o.BundleLimit = u.now, resourceLimit, bundleLimit
		o.Resolver = u.resolver()
	}
	u.handler = apitest.Wrap(services, append([]apitest.Option{own}, options...)...).Handler

	u.create(t, "acme", acmeID)
	u.addKey(t, acmeID, tenancy.Viewer, acmeKeys[tenancy.Viewer], newID())
	u.addKey(t, acmeID, tenancy.Admin, acmeKeys[tenancy.Admin], newID())
	if state != unknown {
		beta := u.create(t, "beta", betaID)
		u.addKey(t, betaID, tenancy.Admin, betaKey, newID())
		if beta.State = state; state == tenancy.Deleted {
			beta.DeletedAt = u.now()
		}
		_, err := services.Tenants.Update(t.Context(), beta)
		require.NoError(t, err)
	}
	ids = 1000
	return u
}

func (u *variant) now() time.Time {
	return time.Date(2030, 1, 1, 0, 0, int(u.seconds.Load()), 0, time.UTC)
}

func (u *variant) resolver() *resolve.Resolver {
	return resolve.New(u.services.Tenants,
		resolve.Options{BaseDomain: "registry.test", Clock: u.now})
}

// serveHostRoutes replaces the API by a host's own routes inside httpapi.Tenant. The
// caller of every request is p.
func (u *variant) serveHostRoutes(p tenancy.Principal) {
	notes := httpapi.Tenant(u.resolver())(http.HandlerFunc(apitest.WriteTenant))
	mux := http.NewServeMux()
	mux.Handle("GET /notes", notes)
	mux.Handle("GET /tenants/{tenant}/notes", notes)
	u.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(tenancy.WithPrincipal(r.Context(), p)))
	})
}

func (u *variant) create(t *testing.T, slug tenancy.Slug, id tenancy.ID) tenancy.Tenant {
	t.Helper()
	tenant, err := u.services.Tenants.Create(t.Context(),
		tenancy.Tenant{ID: id, Slug: slug, Name: string(slug), State: tenancy.Active,
			Settings: json.RawMessage(`{}`)})
	require.NoError(t, err)
	item := federation.Item{Ref: federation.Ref{Kind: "prompt", Name: "x"},
		Spec: json.RawMessage(`{"template":"` + string(slug) + `"}`)}
	_, _, err = u.services.Resources.Put(t.Context(), id, item, ports.Condition{})
	require.NoError(t, err)
	return tenant
}

func (u *variant) addKey(t *testing.T, tenant tenancy.ID, role tenancy.Role, secret, id string) {
	t.Helper()
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	_, err = u.services.Keys.Create(t.Context(), tenant,
		tenancy.APIKey{ID: id, Tenant: tenant, Name: string(role), Role: role, Hash: hash})
	require.NoError(t, err)
}

// rawRequest is a request to a variant.
type rawRequest struct {
	credentials string // the header Authorization; "" sends none
	method      string
	path        string // with the query
	host        string // defaults to registry.test
	tenants     []string
	body        string
	header      map[string]string
}

func (r rawRequest) String() string {
	return fmt.Sprintf("%s %s, host %q, X-Tenant-ID %q, %d bytes, %v", r.method, r.path, r.host,
		r.tenants, len(r.body), r.header)
}

// observed is everything that a caller sees of a response, and the causes of what they
// could measure: the calls of the stores, and how much of the body was read.
type observed struct {
	status     int
	header     http.Header
	body       string
	bodyRead   int
	storeCalls []string
}

func (u *variant) send(r rawRequest) observed {
	body := &countingReader{Reader: strings.NewReader(r.body)}
	req := httptest.NewRequest(r.method, "http://registry.test"+r.path, body)
	req.ContentLength = int64(len(r.body))
	if req.ContentLength == 0 {
		req.Body = http.NoBody
	}
	if r.host != "" {
		req.Host = r.host
	}
	if r.credentials != "" {
		req.Header.Set("Authorization", r.credentials)
	}
	for _, tenant := range r.tenants {
		req.Header.Add("X-Tenant-ID", tenant)
	}
	req.Header.Set("X-Request-ID", "same")
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	u.calls.take()
	rec := httptest.NewRecorder()
	u.handler.ServeHTTP(rec, req)
	return observed{rec.Code, rec.Header(), rec.Body.String(), body.n, u.calls.take()}
}

// sendAll sends a request to all variants, requires equal responses and returns that
// response.
func (all variants) sendAll(t require.TestingT, r rawRequest) observed {
	want := all[unknown].send(r)
	for state, u := range all {
		if state != unknown {
			require.Equal(t, want, u.send(r), "a %s tenant differs from an unknown one for %v",
				state, r)
		}
	}
	return want
}

// sendInsiders sends requests of callers that may know of beta to each variant. What
// they leave in the caches must not change an outsider's responses.
func (all variants) sendInsiders() {
	for _, u := range all {
		for _, who := range []string{"Bearer " + apitest.PlatformToken, "Bearer " + betaKey,
			"user:root",
			"user:viewer@beta"} {
			for _, r := range []rawRequest{
				{host: "beta.registry.test", path: "/api/v1/discovery"},
				{tenants: []string{betaID.String()}, path: "/api/v1/prompts/x"},
				{path: "/api/v1/tenants/beta"},
			} {
				r.credentials, r.method = who, http.MethodGet
				u.send(r)
			}
		}
	}
}

// advance moves the clock of all variants.
func (all variants) advance(seconds int) {
	for _, u := range all {
		u.seconds.Add(int64(seconds))
	}
}

// countingReader counts the bytes that are read.
type countingReader struct {
	io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += n
	return n, err
}
