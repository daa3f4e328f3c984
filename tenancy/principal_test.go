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
	var anonymous tenancy.Principal

	const ok, forbidden, notFound, none tenancy.Code = "", tenancy.CodeForbidden,
		tenancy.CodeTenantNotFound, tenancy.CodeNoTenant
	for _, c := range []struct {
		name   string
		by     tenancy.Principal
		tenant tenancy.ID
		needed tenancy.Permission
		want   tenancy.Code
	}{
		{"viewer reads", member(tenancy.Viewer), acme, tenancy.ResourceRead, ok},
		{"viewer doesn't write", member(tenancy.Viewer), acme, tenancy.ResourceWrite, forbidden},
		{"editor writes", member(tenancy.Editor), acme, tenancy.ResourceWrite, ok},
		{"editor doesn't manage", member(tenancy.Editor), acme, tenancy.MemberWrite, forbidden},
		{"admin manages", member(tenancy.Admin), acme, tenancy.MemberWrite, ok},
		{"admin reads", member(tenancy.Admin), acme, tenancy.ResourceRead, ok},
		{"admin doesn't replicate", member(tenancy.Admin), acme, tenancy.FeedRead, forbidden},
		{"replicator replicates", member(tenancy.Replicator), acme, tenancy.FeedRead, ok},
		{"replicator doesn't read", member(tenancy.Replicator), acme, tenancy.ResourceRead,
			forbidden},
		{"a member with no role may do nothing", member(""), acme, tenancy.ResourceRead,
			forbidden},
		{"an admin doesn't manage tenants", member(tenancy.Admin), acme, tenancy.TenantManage,
			forbidden},
		{"an admin has no unknown permission", member(tenancy.Admin), acme, "own", forbidden},
		{"a super-admin has no unknown permission", super, acme, "own", forbidden},
		{"an admin of another tenant finds nothing", member(tenancy.Admin), other,
			tenancy.ResourceRead, notFound},
		{"an anonymous caller finds nothing", anonymous, acme, tenancy.ResourceRead, notFound},
		{"a super-admin manages", super, acme, tenancy.TenantManage, ok},
		{"a super-admin replicates", super, other, tenancy.FeedRead, ok},
		{"a super-admin needs a tenant", super, tenancy.ID{}, tenancy.ResourceRead, none},
		{"a member needs a tenant", member(tenancy.Admin), tenancy.ID{}, tenancy.ResourceRead,
			none},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			WantCode(t, c.by.Authorize(c.tenant, c.needed), c.want)
		})
	}
}

func TestGrantOfAHostIsCheckedAsAPermission(t *testing.T) {
	t.Parallel()
	acme, other := tenancy.NewID(), tenancy.NewID()
	publish := tenancy.Grant{Permission: "notes.publish", Roles: []tenancy.Role{tenancy.Editor}}
	by := func(r tenancy.Role) tenancy.Principal {
		return tenancy.Principal{Kind: "employee", Roles: map[tenancy.ID]tenancy.Role{acme: r}}
	}
	super := tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
	WantCode(t, by(tenancy.Editor).AuthorizeGrant(acme, publish), "")
	WantCode(t, super.AuthorizeGrant(acme, publish), "")
	WantCode(t, by(tenancy.Admin).AuthorizeGrant(acme, publish), tenancy.CodeForbidden)
	WantCode(t, by(tenancy.Editor).AuthorizeGrant(other, publish), tenancy.CodeTenantNotFound)
	WantCode(t, by(tenancy.Editor).AuthorizeGrant(tenancy.ID{}, publish), tenancy.CodeNoTenant)
	for _, p := range []tenancy.Principal{by(""), by(tenancy.Editor), super} {
		WantCode(t, p.AuthorizeGrant(acme, tenancy.Grant{}), tenancy.CodeForbidden)
		WantCode(t, p.AuthorizeGrant(acme, tenancy.Grant{Roles: []tenancy.Role{"", tenancy.Editor}}),
			tenancy.CodeForbidden)
	}
}

func TestMemberOf(t *testing.T) {
	t.Parallel()
	acme, other := tenancy.NewID(), tenancy.NewID()
	key := tenancy.Principal{Kind: tenancy.KeyPrincipal,
		Roles: map[tenancy.ID]tenancy.Role{acme: tenancy.Viewer}}
	if !key.MemberOf(acme) || key.MemberOf(other) {
		t.Error("a key must be a member of its own tenant only")
	}
	super := tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
	if !super.MemberOf(other) {
		t.Error("a super-admin must be a member of every tenant")
	}
	if (tenancy.Principal{}).MemberOf(acme) {
		t.Error("an anonymous caller is a member")
	}
}

func TestZeroPrincipalIsAnonymous(t *testing.T) {
	t.Parallel()
	if !(tenancy.Principal{}).Anonymous() {
		t.Error("the zero Principal isn't anonymous")
	}
	if (tenancy.Principal{Kind: tenancy.UserPrincipal}).Anonymous() {
		t.Error("a user is anonymous")
	}
}
