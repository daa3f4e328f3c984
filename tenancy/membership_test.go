package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestAMemberIsAPerson(t *testing.T) {
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

func TestARoleIncludesThoseBeforeIt(t *testing.T) {
	t.Parallel()
	order := []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin}
	for i, r := range order {
		for j, other := range order {
			if got := r.Includes(other); got != (i >= j) {
				t.Errorf("%s includes %s: %t", r, other, got)
			}
		}
		if r.Includes(tenancy.Replicator) || tenancy.Replicator.Includes(r) || tenancy.Role("").
			Includes(r) || r.Includes("owner") || tenancy.Role("owner").Includes(r) {
			t.Errorf("%s isn't told from what stands beside the members' roles", r)
		}
	}
}
