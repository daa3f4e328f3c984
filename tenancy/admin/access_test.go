package admin_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// operations are all operations on a tenant, each as a function that returns its
// error.
func operations(f *fixture) map[string]func(context.Context, tenancy.Principal, string) error {
	name := "New name"
	return map[string]func(context.Context, tenancy.Principal, string) error{
		"get": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.GetTenant(ctx, by, ref)
			return err
		},
		"rename": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.UpdateTenant(ctx, by, ref, admin.TenantChange{Name: &name}, 0)
			return err
		},
		"suspend": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.UpdateTenant(ctx, by, ref, admin.TenantChange{State: tenancy.Suspended}, 0)
			return err
		},
		"delete": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.DeleteTenant(ctx, by, ref)
			return err
		},
		"restore": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.RestoreTenant(ctx, by, ref)
			return err
		},
		"purge": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.PurgeTenant(ctx, by, ref, ref)
			return err
		},
		"set quotas": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.UpdateTenant(ctx, by, ref,
				admin.TenantChange{Name: &name, Quotas: &tenancy.Quotas{RequestsPerSecond: 1}}, 0)
			return err
		},
		"rotate a key": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, _, err := f.RotateKey(ctx, by, ref, tenancy.NewID().String(), 0)
			return err
		},
		"create a key": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, _, err := f.CreateKey(ctx, by, ref, admin.NewKey{Name: "ci", Role: tenancy.Viewer})
			return err
		},
		"list keys": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := f.ListKeys(ctx, by, ref, "", 10)
			return err
		},
		"revoke a key": func(ctx context.Context, by tenancy.Principal, ref string) error {
			return f.RevokeKey(ctx, by, ref, tenancy.NewID().String())
		},
	}
}

func TestAnonymousCallerIsUnauthenticated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	var anonymous tenancy.Principal
	for name, op := range operations(f) {
		for _, ref := range []string{"acme", "gone", "ghost", "Not A Slug"} {
			t.Run(name+" "+ref, func(t *testing.T) {
				t.Parallel()
				wantCode(t, tenancy.CodeUnauthenticated, op(t.Context(), anonymous, ref))
			})
		}
	}
	_, err := f.CreateTenant(t.Context(), anonymous, admin.NewTenant{Slug: "mine", Name: "Mine"})
	wantCode(t, tenancy.CodeUnauthenticated, err)
	_, err = f.ListTenants(t.Context(), anonymous, admin.TenantList{Limit: 10})
	wantCode(t, tenancy.CodeUnauthenticated, err)
}

func TestTenantsOfOthersAreTheSameError(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	by := f.member(tenancy.Admin)
	for name, op := range operations(f) {
		for _, ref := range []string{
			"ghost", tenancy.NewID().String(), "Not A Slug", "", "../acme", "ACME", // no tenants
			"globex", f.globex.ID.String(), "default", // tenants of others
			"gone", f.gone.ID.String(), // deleted
		} {
			t.Run(name+" "+ref, func(t *testing.T) {
				t.Parallel()
				assert.Same(t, tenancy.ErrTenantNotFound, op(t.Context(), by, ref))
			})
		}
	}
}

// verboseStore is a store whose errors reveal why a tenant doesn't exist.
type verboseStore struct{ ports.Tenants }

func (s verboseStore) Get(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	return tenancy.Tenant{},
		tenancy.Errorf(tenancy.CodeTenantNotFound, "%s was purged on Monday", id)
}

func TestMessagesOfTheStoreAreNotShown(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.ports.Tenants = verboseStore{f.ports.Tenants}
	service := admin.New(f.ports, admin.Options{})
	_, err := service.GetTenant(t.Context(), f.member(tenancy.Admin), f.acme.ID.String())
	assert.Same(t, tenancy.ErrTenantNotFound, err)
}

func TestSuspendedTenantRefusesItsMembers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin,
		tenancy.Replicator} {
		for _, name := range []string{"get", "rename", "suspend", "create a key", "list keys",
			"revoke a key", "rotate a key"} {
			t.Run(name+" as "+string(role), func(t *testing.T) {
				t.Parallel()
				err := operations(f)[name](t.Context(), f.member(role), "frozen")
				wantCode(t, tenancy.CodeTenantSuspended, err)
			})
		}
	}
	assert.Equal(t, f.frozen, f.stored(t, f.frozen.ID))
}

func TestRolesMayDoTheirOperations(t *testing.T) {
	t.Parallel()
	const ok = tenancy.Code("")
	no, none := tenancy.CodeForbidden, tenancy.CodeNotFound // no such key
	for _, c := range []struct {
		operation                       string
		replicator, viewer, editor, adm tenancy.Code
	}{
		{"get", no, ok, ok, ok},
		{"rename", no, no, no, ok},
		{"create a key", no, no, no, ok},
		{"list keys", no, no, no, ok},
		{"revoke a key", no, no, no, none},
		{"rotate a key", no, no, no, none},
		{"suspend", no, no, no, no},
		{"set quotas", no, no, no, no},
		{"purge", no, no, no, no},
		{"delete", no, no, no, no},
		{"restore", no, no, no, no},
	} {
		t.Run(c.operation, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			for role, want := range map[tenancy.Role]tenancy.Code{
				tenancy.Replicator: c.replicator, tenancy.Viewer: c.viewer,
				tenancy.Editor: c.editor, tenancy.Admin: c.adm,
				"owner": no, "": no, // roles that don't exist
			} {
				before := f.stored(t, f.acme.ID)
				err := operations(f)[c.operation](t.Context(), f.member(role), "acme")
				assert.Equal(t, want, tenancy.CodeOf(err), "as %q: %v", role, err)
				if want != ok {
					assert.Equal(t, before, f.stored(t, f.acme.ID), "as %q it changed the tenant",
						role)
				}
			}
		})
	}
}

func TestSuperAdminFindsTenantsInEveryState(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, want := range []tenancy.Tenant{f.acme, f.frozen, f.gone} {
		for _, ref := range []string{string(want.Slug), want.ID.String()} {
			got, err := f.GetTenant(t.Context(), superAdmin, ref)
			assert.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
	_, err := f.GetTenant(t.Context(), superAdmin, "ghost")
	assert.Same(t, tenancy.ErrTenantNotFound, err)
}

func TestNewNamesMissingPorts(t *testing.T) {
	t.Parallel()
	whole := newFixture(t).ports
	for name, remove := range map[string]func(*ports.Services){
		"Tenants":       func(s *ports.Services) { s.Tenants = nil },
		"Audit":         func(s *ports.Services) { s.Audit = nil },
		"PlatformAudit": func(s *ports.Services) { s.PlatformAudit = nil },
	} {
		lacking := whole
		remove(&lacking)
		assert.PanicsWithValue(t, "admin.New: missing: Services."+name,
			func() { admin.New(lacking, admin.Options{}) })
	}
}
