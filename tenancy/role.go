package tenancy

import "slices"

// Role is what a principal may do in one tenant.
type Role string

// Viewer, Editor and Admin each include the one before. A Replicator reads the
// change feed and nothing else. What each allows is in the table of [Grants].
const (
	Viewer     Role = "viewer"     // reads resources
	Editor     Role = "editor"     // writes resources
	Admin      Role = "admin"      // manages members, keys, links and imports
	Replicator Role = "replicator" // reads the change feed
)

// Roles answers every role.
func Roles() []Role { return []Role{Viewer, Editor, Admin, Replicator} }

// Includes reports whether r allows a member all that other does: each role but
// the replicator includes those before it.
func (r Role) Includes(other Role) bool {
	order := []Role{Viewer, Editor, Admin}
	return r == other || slices.Contains(order, other) &&
		slices.Index(order, r) > slices.Index(order, other)
}

// ParseRole reads a role's name; any other is an error with [CodeInvalid].
func ParseRole(s string) (Role, error) {
	r := Role(s)
	if !slices.Contains(Roles(), r) {
		return "", Errorf(CodeInvalid, "a role is one of viewer, editor, admin, replicator")
	}
	return r, nil
}
