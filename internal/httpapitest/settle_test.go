package httpapitest_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// deaf never says a word. It counts how often somebody waited for one, and
// answers that there was none, or that there was.
type deaf struct {
	settled int
	err     error
}

func (d *deaf) Subscribe(func(ports.ChangeNotification)) func() { return func() {} }
func (d *deaf) Healthy() bool                                   { return true }
func (d *deaf) Flush(context.Context) error {
	d.settled++
	return d.err
}

// revokedElsewhere is a world in which acme-viewer's key is remembered, and was
// revoked by somebody whom nobody heard.
func revokedElsewhere(t *testing.T, d *deaf) *world {
	t.Helper()
	services := memory.New(testKinds(), memory.Options{}).Services()
	services.ChangeNotifier = d
	w := newWorldOver(t, services)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).ok(t, http.StatusOK)
	acme := w.tenants["acme"].ID
	keys, err := services.Keys.List(t.Context(), acme, "", 100)
	require.NoError(t, err)
	for _, k := range keys {
		if k.Role == tenancy.Viewer {
			require.NoError(t, services.Keys.Revoke(t.Context(), acme, k.ID))
		}
	}
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).ok(t, http.StatusOK)
	require.Zero(t, d.settled, "who reads waits for nothing")
	return w
}

var someKey = ask{as: "acme-admin", method: http.MethodPost, path: "/api/v1/tenants/acme/keys",
	body: `{"name":"k","role":"viewer"}`}

func TestAnAdministrativeAnswerWaitsUntilItWasHeard(t *testing.T) {
	t.Parallel()
	d := &deaf{}
	w := revokedElsewhere(t, d)
	w.do(t, someKey).ok(t, http.StatusCreated)
	assert.Equal(t, 1, d.settled)
	w.do(t, ask{as: "acme-editor", method: http.MethodPut, path: "/api/v1/prompts/w",
		body: `{"spec":{}}`})
	assert.Equal(t, 1, d.settled, "who writes what is no administration waits for nothing")
	refused := someKey
	refused.as = "acme-viewer"
	w.do(t, refused).refused(t, http.StatusForbidden, tenancy.CodeForbidden)
	assert.Equal(t, 1, d.settled, "nor does who is refused")
}

func TestWhatCannotBeSettledIsForgotten(t *testing.T) {
	t.Parallel()
	w := revokedElsewhere(t,
		&deaf{err: tenancy.Errorf(tenancy.CodeUnavailable, "nothing is heard")})
	w.do(t, someKey).ok(t, http.StatusCreated)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).
		refused(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
}

// TestAKeyForAnotherTenantIsRefusedThoughAllIsRemembered warms every cache with
// what each key may do, and then sends each to the other's tenant.
func TestAKeyForAnotherTenantIsRefusedThoughAllIsRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for range 3 {
		for key, others := range map[string]string{"acme": "beta", "beta": "acme"} {
			own, foreign := w.tenants[key], w.tenants[others]
			for _, name := range []string{string(own.Slug), own.ID.String(), ""} {
				w.do(t, ask{as: key + "-admin", path: "/api/v1/prompts", tenant: name}).
					ok(t, http.StatusOK)
			}
			for _, name := range []string{string(foreign.Slug), foreign.ID.String()} {
				w.do(t, ask{as: key + "-admin", path: "/api/v1/prompts", tenant: name}).
					refused(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
				w.do(t, ask{as: key + "-admin", path: "/api/v1/tenants/" + name + "/keys"}).
					refused(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
			}
		}
	}
}
