package admin_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// operations are all that work in a named tenant, each as its error.
func operations(w *world) map[string]func(context.Context, tenancy.Principal, string) error {
	name := "New name"
	return map[string]func(context.Context, tenancy.Principal, string) error{
		"get": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.GetTenant(ctx, by, ref)
			return err
		},
		"rename": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.UpdateTenant(ctx, by, ref, admin.TenantChange{Name: &name}, 0)
			return err
		},
		"suspend": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.UpdateTenant(ctx, by, ref, admin.TenantChange{State: tenancy.Suspended}, 0)
			return err
		},
		"delete": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.DeleteTenant(ctx, by, ref)
			return err
		},
		"restore": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.RestoreTenant(ctx, by, ref)
			return err
		},
		"purge": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.PurgeTenant(ctx, by, ref, ref)
			return err
		},
		"set quotas": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.UpdateTenant(ctx, by, ref,
				admin.TenantChange{Name: &name, Quotas: &tenancy.Quotas{RequestsPerSecond: 1}}, 0)
			return err
		},
		"rotate a key": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, _, err := w.RotateKey(ctx, by, ref, tenancy.NewID().String(), 0)
			return err
		},
		"create a key": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, _, err := w.CreateKey(ctx, by, ref, admin.NewKey{Name: "ci", Role: tenancy.Viewer})
			return err
		},
		"list keys": func(ctx context.Context, by tenancy.Principal, ref string) error {
			_, err := w.ListKeys(ctx, by, ref, "", 10)
			return err
		},
		"revoke a key": func(ctx context.Context, by tenancy.Principal, ref string) error {
			return w.RevokeKey(ctx, by, ref, tenancy.NewID().String())
		},
	}
}

func TestNobodyMayDoNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var nobody tenancy.Principal
	for name, op := range operations(w) {
		for _, ref := range []string{"acme", "gone", "ghost", "Not A Slug"} {
			t.Run(name+" "+ref, func(t *testing.T) {
				t.Parallel()
				wantCode(t, tenancy.CodeUnauthenticated, op(t.Context(), nobody, ref))
			})
		}
	}
	_, err := w.CreateTenant(t.Context(), nobody, admin.NewTenant{Slug: "mine", Name: "Mine"})
	wantCode(t, tenancy.CodeUnauthenticated, err)
	_, err = w.ListTenants(t.Context(), nobody, admin.TenantList{Limit: 10})
	wantCode(t, tenancy.CodeUnauthenticated, err)
}

func TestTenantsThatAreNotTheCallersAreOneValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	by := w.member(tenancy.Admin)
	for name, op := range operations(w) {
		for _, ref := range []string{
			"ghost", tenancy.NewID().String(), "Not A Slug", "", "../acme", "ACME", // no tenants
			"globex", w.globex.ID.String(), "default", // another's
			"gone", w.gone.ID.String(), // deleted
		} {
			t.Run(name+" "+ref, func(t *testing.T) {
				t.Parallel()
				assert.Same(t, tenancy.ErrTenantNotFound, op(t.Context(), by, ref))
			})
		}
	}
}

// talkative is a store that says of each tenant why it isn't there.
type talkative struct{ ports.Tenants }

func (s talkative) Get(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	return tenancy.Tenant{},
		tenancy.Errorf(tenancy.CodeTenantNotFound, "%s was purged on Monday", id)
}

func TestTheStoresOwnWordsAreNotShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ports.Tenants = talkative{w.ports.Tenants}
	service := admin.New(w.ports, admin.Options{})
	_, err := service.GetTenant(t.Context(), w.member(tenancy.Admin), w.acme.ID.String())
	assert.Same(t, tenancy.ErrTenantNotFound, err)
}

func TestASuspendedTenantIsToldToItsMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin,
		tenancy.Replicator} {
		for _, name := range []string{"get", "rename", "suspend", "create a key", "list keys",
			"revoke a key", "rotate a key"} {
			t.Run(name+" as "+string(role), func(t *testing.T) {
				t.Parallel()
				err := operations(w)[name](t.Context(), w.member(role), "frozen")
				wantCode(t, tenancy.CodeTenantSuspended, err)
			})
		}
	}
	assert.Equal(t, w.frozen, w.stored(t, w.frozen.ID))
}

func TestWhatEachRoleMayDo(t *testing.T) {
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
			w := newWorld(t)
			for role, want := range map[tenancy.Role]tenancy.Code{
				tenancy.Replicator: c.replicator, tenancy.Viewer: c.viewer,
				tenancy.Editor: c.editor, tenancy.Admin: c.adm,
				"owner": no, "": no, // roles that don't exist
			} {
				before := w.stored(t, w.acme.ID)
				err := operations(w)[c.operation](t.Context(), w.member(role), "acme")
				assert.Equal(t, want, tenancy.CodeOf(err), "as %q: %v", role, err)
				if want != ok {
					assert.Equal(t, before, w.stored(t, w.acme.ID), "as %q it changed something",
						role)
				}
			}
		})
	}
}

func TestASuperAdminFindsTenantsInEveryState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, want := range []tenancy.Tenant{w.acme, w.frozen, w.gone} {
		for _, ref := range []string{string(want.Slug), want.ID.String()} {
			got, err := w.GetTenant(t.Context(), super, ref)
			assert.NoError(t, err)
			assert.Equal(t, want, got)
		}
	}
	_, err := w.GetTenant(t.Context(), super, "ghost")
	assert.Same(t, tenancy.ErrTenantNotFound, err)
}

func TestNewRefusesMissingPorts(t *testing.T) {
	t.Parallel()
	whole := newWorld(t).ports
	for name, remove := range map[string]func(*ports.Services){
		"Tenants":   func(s *ports.Services) { s.Tenants = nil },
		"Keys":      func(s *ports.Services) { s.Keys = nil },
		"KeyFinder": func(s *ports.Services) { s.KeyFinder = nil },

		"Audit":         func(s *ports.Services) { s.Audit = nil },
		"PlatformAudit": func(s *ports.Services) { s.PlatformAudit = nil },
	} {
		lacking := whole
		remove(&lacking)
		assert.PanicsWithValue(t, "admin.New: Services."+name+" is nil",
			func() { admin.New(lacking, admin.Options{}) })
	}
}
