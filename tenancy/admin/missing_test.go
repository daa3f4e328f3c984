package admin_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

func TestMethodWithoutItsPortNamesIt(t *testing.T) {
	t.Parallel()
	whole := newFixture(t).ports
	service := admin.New(ports.Services{Tenants: whole.Tenants, Audit: whole.Audit,
		PlatformAudit: whole.PlatformAudit}, admin.Options{})
	ctx, id := t.Context(), tenancy.NewID().String()
	_, err := service.CreateTenant(ctx, superAdmin, admin.NewTenant{Slug: "lacking", Name: "Lacking"})
	require.NoError(t, err, "a tenant needs no other port")

	only := func(_ any, err error) error { return err }
	pair := func(_, _ any, err error) error { return err }
	for port, errs := range map[string][]error{
		"Users": {
			only(service.CreateUser(ctx, superAdmin, admin.NewUser{})),
			only(service.GetUser(ctx, superAdmin, id)),
			only(service.ListUsers(ctx, superAdmin, admin.UserList{Limit: 1})),
			only(service.UpdateUser(ctx, superAdmin, id, admin.UserChange{})),
			service.RemoveUser(ctx, superAdmin, id),
		},
		"Members": {
			only(service.ListMembers(ctx, superAdmin, "acme", admin.UserList{Limit: 1})),
			only(service.GetMember(ctx, superAdmin, "acme", id)),
			pair(service.PutMember(ctx, superAdmin, "acme", id, tenancy.Viewer)),
			service.RemoveMember(ctx, superAdmin, "acme", id),
		},
		"Invitations": {
			pair(service.Invite(ctx, superAdmin, "acme", admin.NewInvitation{})),
			only(service.ListInvitations(ctx, superAdmin, "acme", "", 1)),
			service.RevokeInvitation(ctx, superAdmin, "acme", id),
		},
		"InvitationFinder": {
			pair(service.AcceptInvitation(ctx, superAdmin,
				admin.Acceptance{Token: tenancy.NewInvitationToken()})),
		},
		"Keys": {
			pair(service.CreateKey(ctx, superAdmin, "acme", admin.NewKey{})),
			only(service.ListKeys(ctx, superAdmin, "acme", "", 1)),
			pair(service.RotateKey(ctx, superAdmin, "acme", id, 0)),
			service.RevokeKey(ctx, superAdmin, "acme", id),
		},
	} {
		for _, err := range errs {
			assert.ErrorContains(t, err, "Services."+port)
			assert.Equal(t, tenancy.CodeInternal, tenancy.CodeOf(err))
		}
	}
}

func TestWithoutKeyFinderNoKeyIsValid(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	lacking := f.ports
	lacking.KeyFinder = nil
	service := admin.New(lacking, admin.Options{})
	_, err := service.CreateTenant(t.Context(), superAdmin, admin.NewTenant{Slug: "new", Name: "New"})
	require.NoError(t, err)
	_, secret, err := service.CreateKey(t.Context(), superAdmin, "new",
		admin.NewKey{Name: "n", Role: tenancy.Viewer})
	require.NoError(t, err)
	for _, bearer := range []string{secret, "", "bwk_x"} {
		_, err = service.Authenticate(t.Context(), bearer)
		assert.Equal(t, tenancy.CodeUnauthenticated, tenancy.CodeOf(err))
	}
}
