package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var roles = []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin, tenancy.Replicator}

func TestRoleIncludes(t *testing.T) {
	t.Parallel()
	const unknown tenancy.Role = "owner"
	includes := map[tenancy.Role][]tenancy.Role{
		tenancy.Viewer:     {tenancy.Viewer},
		tenancy.Editor:     {tenancy.Viewer, tenancy.Editor},
		tenancy.Admin:      {tenancy.Viewer, tenancy.Editor, tenancy.Admin},
		tenancy.Replicator: {tenancy.Replicator},
		unknown:            nil,
		"":                 nil,
	}
	for role, wanted := range includes {
		for needed := range includes {
			want := false
			for _, w := range wanted {
				want = want || w == needed
			}
			if got := role.Includes(needed); got != want {
				t.Errorf("%q includes %q: %v, want %v", role, needed, got, want)
			}
		}
	}
}

func TestParseRole(t *testing.T) {
	t.Parallel()
	for _, role := range roles {
		if got, err := tenancy.ParseRole(string(role)); err != nil || got != role {
			t.Errorf("ParseRole(%q) = %q, %v", role, got, err)
		}
	}
	for _, s := range []string{"", "Admin", "admin ", "owner", "super-admin", "viewer,admin"} {
		got, err := tenancy.ParseRole(s)
		wantCode(t, err, tenancy.CodeInvalid)
		if got != "" {
			t.Errorf("ParseRole(%q) answered %q beside its error", s, got)
		}
	}
}
