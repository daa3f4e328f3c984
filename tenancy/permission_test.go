package tenancy_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestGrantsAreConsistent(t *testing.T) {
	t.Parallel()
	seen := map[tenancy.Permission]bool{}
	for _, g := range tenancy.Grants() {
		if seen[g.Permission] || g.Doc == "" {
			t.Errorf("%s appears twice or has no Doc", g.Permission)
		}
		seen[g.Permission] = true
		for _, r := range []tenancy.Role{tenancy.Viewer, tenancy.Editor} {
			next := map[tenancy.Role]tenancy.Role{tenancy.Viewer: tenancy.Editor,
				tenancy.Editor: tenancy.Admin}[r]
			if r.May(g.Permission) && !next.May(g.Permission) {
				t.Errorf("%s may %s, and %s may not", r, g.Permission, next)
			}
		}
		if tenancy.Replicator.May(g.Permission) != (g.Permission == tenancy.FeedRead) {
			t.Errorf("a replicator must only read the feed: %s is wrong", g.Permission)
		}
		if tenancy.Viewer.May(g.Permission) && !g.Reads {
			t.Errorf("a viewer may %s, which changes something", g.Permission)
		}
	}
}

func TestUnknownRoleOrPermissionGrantsNothing(t *testing.T) {
	t.Parallel()
	for _, r := range []tenancy.Role{"", "owner", "ADMIN", "super_admin"} {
		if r.May(tenancy.TenantRead) {
			t.Errorf("%q may read", r)
		}
	}
	for _, p := range []tenancy.Permission{"", "resource.purge", tenancy.TenantManage,
		tenancy.UserManage, tenancy.PlatformAuditRead} {
		if tenancy.Admin.May(p) {
			t.Errorf("an admin may %q", p)
		}
	}
}
