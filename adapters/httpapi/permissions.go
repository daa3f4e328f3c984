package httpapi

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// permissionForm is a noun and a verb: "notes.publish".
var permissionForm = regexp.MustCompile(`^[a-z0-9_-]{1,64}(\.[a-z0-9_-]{1,64}){1,4}$`)

// checkPermissions reports the first invalid one of a host's permissions.
func checkPermissions(grants []tenancy.Grant) error {
	seen := map[tenancy.Permission]bool{}
	for i, g := range grants {
		_, taken := tenancy.GrantOf(g.Permission)
		switch {
		case !permissionForm.MatchString(string(g.Permission)):
			return fmt.Errorf("Options.Permissions[%d] %q must have a form such as notes.publish", i,
				g.Permission)
		case taken:
			return fmt.Errorf("Options.Permissions[%d] %q is a permission of the library's", i,
				g.Permission)
		case seen[g.Permission]:
			return fmt.Errorf("Options.Permissions[%d] %q appears twice", i, g.Permission)
		}
		seen[g.Permission] = true
		for _, role := range g.Roles {
			if !slices.Contains(tenancy.Roles(), role) {
				return fmt.Errorf("Options.Permissions[%d] %q has the unknown role %q", i,
					g.Permission, role)
			}
		}
	}
	return nil
}

// grantOf returns the roles of a permission of the library's or of the host's. ok is false
// for an unknown one.
func (a *api) grantOf(p tenancy.Permission) (g tenancy.Grant, ok bool) {
	if g, ok := tenancy.GrantOf(p); ok {
		return g, true
	}
	i := slices.IndexFunc(a.permissions, func(g tenancy.Grant) bool { return g.Permission == p })
	if i < 0 {
		return tenancy.Grant{}, false
	}
	return a.permissions[i], true
}
