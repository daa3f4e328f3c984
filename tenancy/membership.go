package tenancy

import "time"

// Membership is a user's role in a tenant.
type Membership struct {
	Tenant    ID
	User      string // the user's ID
	Role      Role   // one that [CheckMemberRole] admits
	CreatedAt time.Time
}

// CheckMemberRole returns an error with [CodeInvalid] for a role that a person
// can't have: only programs are replicators.
func CheckMemberRole(r Role) error {
	if r == Viewer || r == Editor || r == Admin {
		return nil
	}
	return Errorf(CodeInvalid, "a member's role must be viewer, editor or admin")
}
