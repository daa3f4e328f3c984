package tenancy

import (
	"slices"
	"time"
)

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
	if slices.Contains(MemberRoles(), r) {
		return nil
	}
	return Errorf(CodeInvalid, "a member's role must be %s", Alternatives(MemberRoles()))
}

// CheckLastAdmin returns [ErrLastAdmin] if user is the only one of a tenant's admins: the
// user keeps the role then, because every tenant that has an admin keeps one.
func CheckLastAdmin(admins []string, user string) error {
	if len(admins) == 1 && admins[0] == user {
		return ErrLastAdmin
	}
	return nil
}
