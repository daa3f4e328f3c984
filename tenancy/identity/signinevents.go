package identity

import "github.com/bailiwick-go/bailiwick/tenancy"

// The platform's audit log records all these events, with the user as the target.

// SessionCreated is recorded when a session begins. It has the session's id, and
// the number of older sessions that ended because of [MaxSessions].
func SessionCreated(s Session, ended int) tenancy.Event {
	details := map[string]any{"id": s.ID}
	if ended > 0 {
		details["ended"] = ended
	}
	return tenancy.Event{Action: "session.create", Target: userTarget(s.User), Details: details}
}

// SessionRenewed is recorded when a session gets another secret.
func SessionRenewed(user, id string) tenancy.Event {
	return tenancy.Event{Action: "session.renew", Target: userTarget(user),
		Details: map[string]any{"id": id}}
}

// SessionRevoked is recorded when one session ends before it expires.
func SessionRevoked(user, id string) tenancy.Event {
	return tenancy.Event{Action: "session.revoke", Target: userTarget(user),
		Details: map[string]any{"id": id}}
}

// SessionsRevoked is recorded when all sessions of a user end. ended is their
// number.
func SessionsRevoked(user string, ended int) tenancy.Event {
	return tenancy.Event{Action: "session.revoke", Target: userTarget(user),
		Details: map[string]any{"ended": ended}}
}

// SignInDenied is recorded when a sign-in is refused. user is empty if there is no
// such user. The event doesn't have the name that was typed: people type
// passwords there by mistake.
func SignInDenied(user string) tenancy.Event {
	return tenancy.Event{Action: "session.create", Target: userTarget(user),
		Actor: tenancy.Actor{Kind: tenancy.AnonymousActor}}.Denied()
}

// PasswordSet is recorded when a user gets a new password. ended is the number of
// sessions that it ended.
func PasswordSet(user string, ended int) tenancy.Event {
	return tenancy.Event{Action: "password.set", Target: userTarget(user),
		Details: map[string]any{"ended": ended}}
}

// PasswordRehashed is recorded when the same password gets another hash.
func PasswordRehashed(user string) tenancy.Event {
	return tenancy.Event{Action: "password.improve", Target: userTarget(user)}
}

// IdentityBound is recorded when an account at an OpenID provider is bound to a
// user. The first one removes the user's password and ends the sessions; ended is
// their number.
func IdentityBound(user string, i Identity, first bool, ended int) tenancy.Event {
	return tenancy.Event{Action: "identity.bind", Target: userTarget(user), Details: map[string]any{
		"issuer": i.Issuer, "subject": i.Subject, "first": first, "ended": ended,
	}}
}
