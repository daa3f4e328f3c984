package admin_test

import (
	"crypto/sha256"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

const platformToken = "a platform token of more than 32 characters"

var (
	start = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	super = tenancy.Principal{Kind: tenancy.PlatformToken, Name: "platform", SuperAdmin: true}
)

// world is an installation in memory with the tenants acme, globex and frozen,
// which is suspended, and gone, which is deleted.
type world struct {
	*admin.Service
	ports                      ports.Services
	clock                      *time.Time
	acme, globex, frozen, gone tenancy.Tenant
}

func newWorld(t *testing.T) *world {
	t.Helper()
	now := start
	clock := func() time.Time { return now }
	w := &world{clock: &now, ports: memory.New(nil, memory.Options{Clock: clock}).Services()}
	w.Service = admin.New(w.ports, admin.Options{
		Clock: clock, PlatformTokenHash: sha256.Sum256([]byte(platformToken)),
	})
	for slug, made := range map[string]*tenancy.Tenant{
		"acme": &w.acme, "globex": &w.globex, "frozen": &w.frozen, "gone": &w.gone,
	} {
		var err error
		*made, err = w.CreateTenant(t.Context(), super,
			admin.NewTenant{Slug: slug, Name: "The " + slug})
		require.NoError(t, err)
	}
	var err error
	w.frozen, err = w.UpdateTenant(t.Context(), super, "frozen",
		admin.TenantChange{State: tenancy.Suspended}, 0)
	require.NoError(t, err)
	w.gone, err = w.DeleteTenant(t.Context(), super, "gone")
	require.NoError(t, err)
	return w
}

// member has one role in acme, frozen and gone, and none in globex.
func (w *world) member(role tenancy.Role) tenancy.Principal {
	return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "ada",
		Roles: map[tenancy.ID]tenancy.Role{
			w.acme.ID: role, w.frozen.ID: role, w.gone.ID: role,
		}}
}

// stored is the tenant as it is in the store now.
func (w *world) stored(t *testing.T, id tenancy.ID) tenancy.Tenant {
	t.Helper()
	got, err := w.ports.Tenants.Get(t.Context(), id)
	require.NoError(t, err)
	return got
}

func wantCode(t *testing.T, want tenancy.Code, err error) {
	t.Helper()
	assert.Equal(t, want, tenancy.CodeOf(err), "%v", err)
}

// wantPath wants the error to name the member of the input that is wrong.
func wantPath(t *testing.T, want string, err error) {
	t.Helper()
	var e *tenancy.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Details, "%v has no details", err)
	assert.Equal(t, want, e.Details[0].Path)
	assert.NotEmpty(t, e.Details[0].Code)
	assert.NotEmpty(t, e.Details[0].Detail)
}
