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

// CheckLastAdmin returns [ErrLastAdmin] if the user is the only one of a tenant's admins,
// all of whom are given by their IDs: a tenant that has an admin keeps one.
func CheckLastAdmin(admins []string, user string) error {
	if len(admins) == 1 && admins[0] == user {
		return ErrLastAdmin
	}
	return nil
}

// CheckLastAdmins is [CheckLastAdmin] for the admins of several tenants. The member
// "tenants" of its error lists the ids of the tenants whose only admin the user is.
func CheckLastAdmins(admins map[ID][]string, user string) error {
	var without []string
	for tenant, users := range admins {
		if CheckLastAdmin(users, user) != nil {
			without = append(without, tenant.String())
		}
	}
	if len(without) == 0 {
		return nil
	}
	e := Errorf(CodeLastAdmin,
		"the user is the only admin of a tenant: make another member an admin there first")
	e.Members = map[string]any{"tenants": slices.Sorted(slices.Values(without))}
	return e
}
