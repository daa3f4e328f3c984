package identity

import "github.com/bailiwick-go/bailiwick/tenancy"

// What happens to sessions and passwords, as stores note it in the platform's
// audit log. All of it is done to the user.

// SessionCreated has the session's id, and how many older ones ended for it.
func SessionCreated(s Session, ended int) tenancy.Event {
	details := map[string]any{"id": s.ID}
	if ended > 0 {
		details["ended"] = ended
	}
	return tenancy.Event{Action: "session.create", Target: userTarget(s.User), Details: details}
}

// SessionRenewed is noted when a session gets another secret.
func SessionRenewed(user, id string) tenancy.Event {
	return tenancy.Event{Action: "session.renew", Target: userTarget(user),
		Details: map[string]any{"id": id}}
}

// SessionRevoked is noted when one session ends before its time.
func SessionRevoked(user, id string) tenancy.Event {
	return tenancy.Event{Action: "session.revoke", Target: userTarget(user),
		Details: map[string]any{"id": id}}
}

// SessionsRevoked is noted when all sessions of a user end, so many.
func SessionsRevoked(user string, ended int) tenancy.Event {
	return tenancy.Event{Action: "session.revoke", Target: userTarget(user),
		Details: map[string]any{"ended": ended}}
}

// SignInDenied is noted of a sign-in that was refused; user is empty where there
// is none. What was typed as the name of an account isn't written down: people
// type passwords there.
func SignInDenied(user string) tenancy.Event {
	return tenancy.Event{Action: "session.create", Target: userTarget(user),
		Outcome: tenancy.Denied, Actor: tenancy.Actor{Kind: tenancy.AnonymousActor}}
}

// PasswordSet has how many sessions ended with the password before.
func PasswordSet(user string, ended int) tenancy.Event {
	return tenancy.Event{Action: "password.set", Target: userTarget(user),
		Details: map[string]any{"ended": ended}}
}

// PasswordRehashed is noted when the same password is hashed in another way.
func PasswordRehashed(user string) tenancy.Event {
	return tenancy.Event{Action: "password.improve", Target: userTarget(user)}
}

// IdentityBound is noted when an account at an OpenID provider becomes a user's.
// The first one takes the password away and ends as many sessions.
func IdentityBound(user string, i Identity, first bool, ended int) tenancy.Event {
	return tenancy.Event{Action: "identity.bind", Target: userTarget(user), Details: map[string]any{
		"issuer": i.Issuer, "subject": i.Subject, "first": first, "ended": ended,
	}}
}
