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
	start      = time.Date(2026, 3, 1, 12, 0, 0, 123456000, time.UTC)
	superAdmin = tenancy.Principal{Kind: tenancy.PlatformToken, Name: "platform", SuperAdmin: true}
)

// fixture is a service over an in-memory store with the active tenants acme and
// globex, the suspended tenant frozen and the deleted tenant gone.
type fixture struct {
	*admin.Service
	ports                      ports.Services
	clock                      *time.Time
	acme, globex, frozen, gone tenancy.Tenant
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	now := start
	clock := func() time.Time { return now }
	f := &fixture{clock: &now, ports: memory.New(nil, memory.Options{Clock: clock}).Services()}
	f.Service = admin.New(f.ports, admin.Options{
		Clock: clock, PlatformTokenHash: sha256.Sum256([]byte(platformToken)),
	})
	for slug, tenant := range map[string]*tenancy.Tenant{
		"acme": &f.acme, "globex": &f.globex, "frozen": &f.frozen, "gone": &f.gone,
	} {
		var err error
		*tenant, err = f.CreateTenant(t.Context(), superAdmin,
			admin.NewTenant{Slug: slug, Name: "The " + slug})
		require.NoError(t, err)
	}
	var err error
	f.frozen, err = f.UpdateTenant(t.Context(), superAdmin, "frozen",
		admin.TenantChange{State: tenancy.Suspended}, 0)
	require.NoError(t, err)
	f.gone, err = f.DeleteTenant(t.Context(), superAdmin, "gone")
	require.NoError(t, err)
	return f
}

// member returns a user with a role in acme, frozen and gone, and none in globex.
func (f *fixture) member(role tenancy.Role) tenancy.Principal {
	return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "ada",
		Roles: map[tenancy.ID]tenancy.Role{
			f.acme.ID: role, f.frozen.ID: role, f.gone.ID: role,
		}}
}

// stored reads a tenant from the store.
func (f *fixture) stored(t *testing.T, id tenancy.ID) tenancy.Tenant {
	t.Helper()
	got, err := f.ports.Tenants.Get(t.Context(), id)
	require.NoError(t, err)
	return got
}

func wantCode(t *testing.T, want tenancy.Code, err error) {
	t.Helper()
	assert.Equal(t, want, tenancy.CodeOf(err), "%v", err)
}

// wantPath requires that the error names the wrong member of the input.
func wantPath(t *testing.T, want string, err error) {
	t.Helper()
	var e *tenancy.Error
	require.ErrorAs(t, err, &e)
	require.NotEmpty(t, e.Details, "%v has no details", err)
	assert.Equal(t, want, e.Details[0].Path)
	assert.NotEmpty(t, e.Details[0].Code)
	assert.NotEmpty(t, e.Details[0].Detail)
}
