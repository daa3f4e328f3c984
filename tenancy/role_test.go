package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, role := range tenancy.Roles() {
		if got, err := tenancy.ParseRole(string(role)); err != nil || got != role {
			t.Errorf("ParseRole(%q) = %q, %v", role, got, err)
		}
	}
	for _, s := range []string{"", "Admin", "admin ", "owner", "super-admin", "viewer,admin"} {
		got, err := tenancy.ParseRole(s)
		WantCode(t, err, tenancy.CodeInvalid)
		if got != "" {
			t.Errorf("ParseRole(%q) returned %q with its error", s, got)
		}
	}
}

func TestRoleIncludesLowerRoles(t *testing.T) {
	t.Parallel()
	order := []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin}
	for i, r := range order {
		for j, other := range order {
			if got := r.Includes(other); got != (i >= j) {
				t.Errorf("%s includes %s: %t", r, other, got)
			}
		}
		if r.Includes(tenancy.Replicator) || r.Includes("owner") {
			t.Errorf("%s includes a role that isn't a member's", r)
		}
		for _, other := range []tenancy.Role{tenancy.Replicator, "", "owner"} {
			if other.Includes(r) {
				t.Errorf("%q includes %s", other, r)
			}
		}
	}
}
