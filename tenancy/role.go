package tenancy

// Role is what a principal may do in one tenant.
type Role string

// Viewer, Editor and Admin each include the one before. A Replicator reads the
// change feed and nothing else.
const (
	Viewer     Role = "viewer"     // reads resources
	Editor     Role = "editor"     // writes resources
	Admin      Role = "admin"      // manages members, keys, links and imports
	Replicator Role = "replicator" // reads the change feed
)

var rank = map[Role]int{Viewer: 1, Editor: 2, Admin: 3}

// ParseRole reads a role's name; any other is an error with [CodeInvalid].
func ParseRole(s string) (Role, error) {
	r := Role(s)
	if rank[r] == 0 && r != Replicator {
		return "", Errorf(CodeInvalid, "a role is one of viewer, editor, admin, replicator")
	}
	return r, nil
}

// Includes reports whether whoever has r may do what needs the role needed.
// A role that isn't known includes nothing, and nothing includes it.
func (r Role) Includes(needed Role) bool {
	if r == Replicator || needed == Replicator {
		return r == needed
	}
	return rank[r] > 0 && rank[needed] > 0 && rank[r] >= rank[needed]
}
