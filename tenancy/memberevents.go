package tenancy

import (
	"slices"
)

// What happens to memberships and invitations, as stores note it in the audit logs:
// members in their tenant's.

// MemberAdded is noted in m's tenant.
func MemberAdded(m Membership) Event {
	return Event{Action: "member.add", Target: memberTarget(m),
		Details: map[string]any{"role": m.Role}}
}

// MemberUpdated has both roles.
func MemberUpdated(before, after Membership) Event {
	return Event{Action: "member.update", Target: memberTarget(after), Details: map[string]any{
		"role": map[string]any{"before": before.Role, "after": after.Role},
	}}
}

// MemberRemoved is noted in m's tenant.
func MemberRemoved(m Membership) Event {
	return Event{Action: "member.remove", Target: memberTarget(m),
		Details: map[string]any{"role": m.Role}}
}

func memberTarget(m Membership) AuditTarget { return AuditTarget{Kind: "member", Name: m.User} }

// LastAdminOf is [ErrLastAdmin], with the ids of the tenants that have no other
// admin as its member "tenants", or nil where each has one. It is given how many
// other admins each tenant has.
func LastAdminOf(others map[ID]int) error {
	var alone []string
	for tenant, n := range others {
		if n == 0 {
			alone = append(alone, tenant.String())
		}
	}
	if len(alone) == 0 {
		return nil
	}
	e := Errorf(CodeLastAdmin,
		"the user is the only admin of a tenant: make somebody else one there first")
	e.Members = map[string]any{"tenants": slices.Sorted(slices.Values(alone))}
	return e
}

// InvitationCreated is noted in i's tenant.
func InvitationCreated(i Invitation) Event { return invitationEvent("invitation.create", i) }

// InvitationRevoked is noted in i's tenant.
func InvitationRevoked(i Invitation) Event { return invitationEvent("invitation.revoke", i) }

// InvitationAccepted is noted in i's tenant.
func InvitationAccepted(i Invitation) Event { return invitationEvent("invitation.accept", i) }

func invitationEvent(action string, i Invitation) Event {
	return Event{Action: action, Target: AuditTarget{Kind: "invitation", Name: i.ID},
		Details: map[string]any{"email": i.Email, "role": i.Role}}
}

// By is e as done by a, whoever the context says acts.
func (e Event) By(a Actor) Event {
	e.Actor = a
	return e
}
