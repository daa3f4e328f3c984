package tenancy

import "time"

// Membership is a user's place in a tenant.
type Membership struct {
	Tenant    ID
	User      string // the user's ID
	Role      Role   // one that [CheckMemberRole] admits
	CreatedAt time.Time
}

// CheckMemberRole reports with [CodeInvalid] a role that a person can't have: a
// replicator is a program.
func CheckMemberRole(r Role) error {
	if r == Viewer || r == Editor || r == Admin {
		return nil
	}
	return Errorf(CodeInvalid, "a member's role is one of viewer, editor, admin")
}
