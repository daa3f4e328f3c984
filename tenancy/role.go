package tenancy

import "slices"

// Role defines what a principal may do in one tenant. See [Grants] for the
// permissions of each role.
type Role string

// The roles. Editor includes Viewer, and Admin includes both. A Replicator reads
// the change feed and nothing else.
const (
	Viewer     Role = "viewer"     // reads resources
	Editor     Role = "editor"     // writes resources
	Admin      Role = "admin"      // manages members, keys, links and imports
	Replicator Role = "replicator" // reads the change feed
)

// Roles returns every role.
func Roles() []Role { return []Role{Viewer, Editor, Admin, Replicator} }

// MemberRoles returns the roles that a person can have, the least first: only programs
// are replicators.
func MemberRoles() []Role { return []Role{Viewer, Editor, Admin} }

// Includes reports whether r grants a member everything that other grants: each
// role except replicator includes itself and the roles before it.
func (r Role) Includes(other Role) bool {
	order := MemberRoles()
	return r == other || slices.Contains(order, other) &&
		slices.Index(order, r) > slices.Index(order, other)
}

// ParseRole parses a role's name. An unknown name is an error with [CodeInvalid].
func ParseRole(s string) (Role, error) {
	r := Role(s)
	if !slices.Contains(Roles(), r) {
		return "", Errorf(CodeInvalid, "unknown role: use %s", Alternatives(Roles()))
	}
	return r, nil
}
