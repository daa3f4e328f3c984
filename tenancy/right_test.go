package tenancy_test

import (
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var rightTenant = tenancy.NewID()

// userRight is the right of a stored user to write resources.
func userRight() tenancy.Right {
	return tenancy.Right{Principal: tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u",
		SuperAdmin: true, Roles: map[tenancy.ID]tenancy.Role{rightTenant: tenancy.Admin}},
		Stored: true, Tenant: rightTenant, Needs: tenancy.ResourceWrite}
}

// publish changes a right to one that needs a permission of a host's.
func publish(p tenancy.Permission, roles ...tenancy.Role) func(*tenancy.Right) {
	return func(r *tenancy.Right) {
		r.Needs, r.Grant = p, tenancy.Grant{Permission: p, Roles: roles}
	}
}

func TestRightIsCheckedAgainstWhatIsStored(t *testing.T) {
	t.Parallel()
	valid := tenancy.Standing{Valid: true, Role: tenancy.Editor, State: tenancy.Active}
	with := func(change func(*tenancy.Standing)) tenancy.Standing {
		s := valid
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		right func(*tenancy.Right)
		now   tenancy.Standing
		want  tenancy.Code
	}{
		"a valid one": {nil, valid, ""},
		"an ended session": {nil, with(func(s *tenancy.Standing) { s.Valid = false }),
			tenancy.CodeUnauthenticated},
		"an expired session": {nil, with(func(s *tenancy.Standing) {
			s.ExpiresAt = time.Now().Add(-time.Second)
		}), tenancy.CodeUnauthenticated},
		"no role":       {nil, with(func(s *tenancy.Standing) { s.Role = "" }), tenancy.CodeTenantNotFound},
		"a lower role":  {nil, with(func(s *tenancy.Standing) { s.Role = tenancy.Viewer }), tenancy.CodeForbidden},
		"a super-admin": {nil, tenancy.Standing{Valid: true, SuperAdmin: true, State: tenancy.Active}, ""},
		"a suspended tenant": {nil, with(func(s *tenancy.Standing) { s.State = tenancy.Suspended }),
			tenancy.CodeTenantSuspended},
		"a deleted tenant": {nil, with(func(s *tenancy.Standing) { s.State = tenancy.Deleted }),
			tenancy.CodeTenantNotFound},
		"a purged tenant": {nil, with(func(s *tenancy.Standing) { s.State = "" }),
			tenancy.CodeTenantNotFound},
		"a member where super-admins may work in any state": {
			func(r *tenancy.Right) { r.InAnyState = true },
			with(func(s *tenancy.Standing) { s.State = tenancy.Suspended }),
			tenancy.CodeTenantSuspended},
		"a super-admin in any state": {func(r *tenancy.Right) { r.InAnyState = true },
			tenancy.Standing{Valid: true, SuperAdmin: true, State: tenancy.Deleted}, ""},
		"an ignored state": {func(r *tenancy.Right) { r.IgnoreState = true },
			with(func(s *tenancy.Standing) { s.State = tenancy.Suspended }), ""},
		"a needed super-admin": {func(r *tenancy.Right) { r.SuperAdmin = true }, valid,
			tenancy.CodeForbidden},
		"an unknown permission": {func(r *tenancy.Right) { r.Needs = "x" }, valid,
			tenancy.CodeForbidden},
		"no tenant": {func(r *tenancy.Right) { r.Tenant = tenancy.ID{} }, valid,
			tenancy.CodeForbidden},
		"no tenant and no permission": {func(r *tenancy.Right) {
			r.Tenant, r.Needs = tenancy.ID{}, ""
		}, valid, ""},
		"a key of a deleted tenant": {
			func(r *tenancy.Right) { r.Principal.Kind = tenancy.KeyPrincipal },
			with(func(s *tenancy.Standing) { s.State = tenancy.Deleted }),
			tenancy.CodeUnauthenticated},
		"a caller who isn't stored": {func(r *tenancy.Right) { r.Stored = false },
			tenancy.Standing{State: tenancy.Active}, ""},
		"a caller who isn't stored, in a deleted tenant": {
			func(r *tenancy.Right) { r.Stored = false }, tenancy.Standing{State: tenancy.Deleted},
			tenancy.CodeTenantNotFound},
		"a host's permission": {publish("notes.publish", tenancy.Editor), valid, ""},
		"a host's permission that the role lost": {publish("notes.publish", tenancy.Admin), valid,
			tenancy.CodeForbidden},
		"a host's permission of super-admins": {publish("notes.publish"), valid,
			tenancy.CodeForbidden},
		"a host's permission in a suspended tenant": {publish("notes.publish", tenancy.Editor),
			with(func(s *tenancy.Standing) { s.State = tenancy.Suspended }),
			tenancy.CodeTenantSuspended},
		"the roles of another permission": {func(r *tenancy.Right) {
			publish("notes.publish", tenancy.Editor)(r)
			r.Needs = "notes.delete"
		}, valid, tenancy.CodeForbidden},
		"other roles for a permission of the library's": {func(r *tenancy.Right) {
			publish(tenancy.KeyWrite, tenancy.Editor)(r)
		}, valid, tenancy.CodeForbidden},
		"roles for no permission": {publish("", tenancy.Editor), valid, tenancy.CodeForbidden},
	} {
		right := userRight()
		if c.right != nil {
			c.right(&right)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			WantCode(t, right.Check(c.now), c.want)
		})
	}
}

func TestContextCarriesARight(t *testing.T) {
	t.Parallel()
	_, ok := tenancy.RightFrom(tenancy.RequireSuperAdmin(t.Context()))
	if ok {
		t.Error("a context without a right got one")
	}
	ctx := tenancy.RequireSuperAdmin(tenancy.WithRight(t.Context(), userRight()))
	if r, ok := tenancy.RightFrom(ctx); !ok || !r.SuperAdmin {
		t.Errorf("the right is %+v, %v; want one that needs a super-admin", r, ok)
	}
}
