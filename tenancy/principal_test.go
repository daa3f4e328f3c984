package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestAuthorize(t *testing.T) {
	t.Parallel()
	acme, other := tenancy.NewID(), tenancy.NewID()
	member := func(role tenancy.Role) tenancy.Principal {
		return tenancy.Principal{Kind: tenancy.UserPrincipal,
			Roles: map[tenancy.ID]tenancy.Role{acme: role}}
	}
	super := tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
	var nobody tenancy.Principal

	const ok, forbidden, notFound, none tenancy.Code = "", tenancy.CodeForbidden,
		tenancy.CodeTenantNotFound, tenancy.CodeNoTenant
	for _, c := range []struct {
		name   string
		who    tenancy.Principal
		tenant tenancy.ID
		needed tenancy.Permission
		want   tenancy.Code
	}{
		{"viewer reads", member(tenancy.Viewer), acme, tenancy.ReadResources, ok},
		{"viewer doesn't write", member(tenancy.Viewer), acme, tenancy.WriteResources, forbidden},
		{"editor writes", member(tenancy.Editor), acme, tenancy.WriteResources, ok},
		{"editor doesn't manage", member(tenancy.Editor), acme, tenancy.WriteMembers, forbidden},
		{"admin manages", member(tenancy.Admin), acme, tenancy.WriteMembers, ok},
		{"admin reads", member(tenancy.Admin), acme, tenancy.ReadResources, ok},
		{"admin doesn't replicate", member(tenancy.Admin), acme, tenancy.ReadFeed, forbidden},
		{"replicator replicates", member(tenancy.Replicator), acme, tenancy.ReadFeed, ok},
		{"replicator doesn't read", member(tenancy.Replicator), acme, tenancy.ReadResources,
			forbidden},
		{"a member with no role may do nothing", member(""), acme, tenancy.ReadResources,
			forbidden},
		{"an admin doesn't manage tenants", member(tenancy.Admin), acme, tenancy.ManageTenants,
			forbidden},
		{"nobody has a permission that isn't known", member(tenancy.Admin), acme, "own", forbidden},
		{"nor has a super-admin", super, acme, "own", forbidden},
		{"an admin elsewhere finds nothing", member(tenancy.Admin), other, tenancy.ReadResources,
			notFound},
		{"nobody finds nothing", nobody, acme, tenancy.ReadResources, notFound},
		{"a super-admin manages", super, acme, tenancy.ManageTenants, ok},
		{"a super-admin replicates", super, other, tenancy.ReadFeed, ok},
		{"a super-admin names a tenant too", super, tenancy.ID{}, tenancy.ReadResources, none},
		{"a member names a tenant", member(tenancy.Admin), tenancy.ID{}, tenancy.ReadResources,
			none},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			WantCode(t, c.who.Authorize(c.tenant, c.needed), c.want)
		})
	}
}

func TestMemberOf(t *testing.T) {
	t.Parallel()
	acme, other := tenancy.NewID(), tenancy.NewID()
	key := tenancy.Principal{Kind: tenancy.KeyPrincipal,
		Roles: map[tenancy.ID]tenancy.Role{acme: tenancy.Viewer}}
	if !key.MemberOf(acme) || key.MemberOf(other) {
		t.Error("a key is a member of its tenant and no other")
	}
	if super := (tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}); !super.MemberOf(
		other) {
		t.Error("a super-admin has a place in every tenant")
	}
	if (tenancy.Principal{}).MemberOf(acme) {
		t.Error("nobody is a member of nothing")
	}
}

func TestTheZeroPrincipalIsNobody(t *testing.T) {
	t.Parallel()
	if !(tenancy.Principal{}).Anonymous() {
		t.Error("the zero Principal is somebody")
	}
	if (tenancy.Principal{Kind: tenancy.UserPrincipal}).Anonymous() {
		t.Error("a user is nobody")
	}
}
