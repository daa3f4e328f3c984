package tenancy

// MemberAdded is recorded in the audit log of m's tenant when a user becomes a
// member.
func MemberAdded(m Membership) Event {
	return Event{Action: "member.add", Target: memberTarget(m),
		Details: map[string]any{"role": m.Role}}
}

// MemberUpdated is recorded in the audit log of the members' tenant when a role
// changes. It has the roles before and after.
func MemberUpdated(before, after Membership) Event {
	return Event{Action: "member.update", Target: memberTarget(after), Details: map[string]any{
		"role": map[string]any{"before": before.Role, "after": after.Role},
	}}
}

// MemberRemoved is recorded in the audit log of m's tenant.
func MemberRemoved(m Membership) Event {
	return Event{Action: "member.remove", Target: memberTarget(m),
		Details: map[string]any{"role": m.Role}}
}

func memberTarget(m Membership) AuditTarget { return AuditTarget{Kind: "member", Name: m.User} }

// InvitationCreated is recorded in the audit log of i's tenant.
func InvitationCreated(i Invitation) Event { return invitationEvent("invitation.create", i) }

// InvitationRevoked is recorded in the audit log of i's tenant.
func InvitationRevoked(i Invitation) Event { return invitationEvent("invitation.revoke", i) }

// InvitationAccepted is recorded in the audit log of i's tenant.
func InvitationAccepted(i Invitation) Event { return invitationEvent("invitation.accept", i) }

func invitationEvent(action string, i Invitation) Event {
	return Event{Action: action, Target: AuditTarget{Kind: "invitation", Name: i.ID},
		Details: map[string]any{"email": i.Email, "role": i.Role}}
}

// By returns e with a as its actor, which replaces the actor of the context.
func (e Event) By(a Actor) Event {
	e.Actor = a
	return e
}
