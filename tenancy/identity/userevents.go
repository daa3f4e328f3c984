package identity

import "github.com/bailiwick-go/bailiwick/tenancy"

// UserCreated is recorded in the platform's audit log.
func UserCreated(u User) tenancy.Event {
	return tenancy.Event{Action: "user.create", Target: userTarget(u.ID),
		Details: map[string]any{"email": u.Email, "super_admin": u.SuperAdmin}}
}

// UserUpdated is recorded in the platform's audit log. Its details have the values
// before and after of each field that changed.
func UserUpdated(before, after User) tenancy.Event {
	details := map[string]any{}
	for field, values := range map[string][2]any{
		"email": {before.Email, after.Email}, "name": {before.Name, after.Name},
		"super_admin": {before.SuperAdmin, after.SuperAdmin},
	} {
		if values[0] != values[1] {
			details[field] = map[string]any{"before": values[0], "after": values[1]}
		}
	}
	return tenancy.Event{Action: "user.update", Target: userTarget(before.ID), Details: details}
}

// UserRemoved is recorded in the platform's audit log.
func UserRemoved(u User) tenancy.Event {
	return tenancy.Event{Action: "user.remove", Target: userTarget(u.ID),
		Details: map[string]any{"email": u.Email, "super_admin": u.SuperAdmin}}
}

func userTarget(id string) tenancy.AuditTarget {
	return tenancy.AuditTarget{Kind: "user", Name: id}
}
