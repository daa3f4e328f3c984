package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestMemberRoleExcludesReplicator(t *testing.T) {
	t.Parallel()
	for _, r := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin} {
		if err := tenancy.CheckMemberRole(r); err != nil {
			t.Errorf("CheckMemberRole(%q) = %v", r, err)
		}
	}
	for _, r := range []tenancy.Role{"", "owner", "Admin", tenancy.Replicator} {
		if err := tenancy.CheckMemberRole(r); tenancy.CodeOf(err) != tenancy.CodeInvalid {
			t.Errorf("CheckMemberRole(%q) = %v", r, err)
		}
	}
}
