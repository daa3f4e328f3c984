package httpapitest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// fakeNotifier notifies about no change. It counts the calls of Flush, which return
// err.
type fakeNotifier struct {
	flushes int
	err     error
}

func (d *fakeNotifier) Subscribe(func(ports.ChangeNotification)) func() { return func() {} }
func (d *fakeNotifier) Healthy() bool                                   { return true }
func (d *fakeNotifier) Flush(context.Context) error {
	d.flushes++
	return d.err
}

// newWithUnseenRevocation starts a registry that has cached acme-viewer's key and wasn't
// notified that the key is revoked.
func newWithUnseenRevocation(t *testing.T, d *fakeNotifier) *apitest.Registry {
	t.Helper()
	services := memory.New(apitest.Kinds(), memory.Options{}).Services()
	services.ChangeNotifier = d
	reg := apitest.NewOver(t, services)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Want(t, http.StatusOK)
	acme := reg.Tenants["acme"].ID
	keys, err := services.Keys.List(t.Context(), acme, "", 100)
	require.NoError(t, err)
	for _, k := range keys {
		if k.Role == tenancy.Viewer {
			require.NoError(t, services.Keys.Revoke(t.Context(), acme, k.ID))
		}
	}
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Want(t, http.StatusOK)
	require.Zero(t, d.flushes, "a read doesn't wait")
	return reg
}

var createKeyRequest = apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
	`{"name":"k","role":"viewer"}`)

func TestAdministrativeResponseWaitsForTheChange(t *testing.T) {
	t.Parallel()
	d := &fakeNotifier{}
	reg := newWithUnseenRevocation(t, d)
	reg.Do(t, createKeyRequest).Want(t, http.StatusCreated)
	assert.Equal(t, 1, d.flushes)
	reg.Do(t, apitest.Put("acme-editor", "/api/v1/prompts/w", `{"spec":{}}`))
	assert.Equal(t, 1, d.flushes, "a write of a resource doesn't wait")
	refused := createKeyRequest
	refused.As = "acme-viewer"
	reg.Do(t, refused).WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
	assert.Equal(t, 1, d.flushes, "a refused write doesn't wait")
}

func TestFailedFlushClearsTheCache(t *testing.T) {
	t.Parallel()
	reg := newWithUnseenRevocation(t,
		&fakeNotifier{err: tenancy.Errorf(tenancy.CodeUnavailable, "no connection")})
	reg.Do(t, createKeyRequest).Want(t, http.StatusCreated)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).
		WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
}

// TestKeyIsRefusedInAnotherTenantWithWarmCaches first fills every cache with allowed
// requests and then sends each key to the other tenant.
func TestKeyIsRefusedInAnotherTenantWithWarmCaches(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for range 3 {
		for key, others := range map[string]string{"acme": "beta", "beta": "acme"} {
			own, foreign := reg.Tenants[key], reg.Tenants[others]
			for _, name := range []string{string(own.Slug), own.ID.String(), ""} {
				reg.Do(t, apitest.Request{As: key + "-admin", Path: "/api/v1/prompts",
					Tenant: name}).
					Want(t, http.StatusOK)
			}
			for _, name := range []string{string(foreign.Slug), foreign.ID.String()} {
				reg.Do(t, apitest.Request{As: key + "-admin", Path: "/api/v1/prompts",
					Tenant: name}).
					WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
				reg.Do(t, apitest.Get(key+"-admin", "/api/v1/tenants/"+name+"/keys")).
					WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
			}
		}
	}
}
