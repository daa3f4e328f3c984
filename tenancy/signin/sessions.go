package signin

import (
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Caller is the authenticated user of a session.
type Caller struct {
	Principal tenancy.Principal
	Session   identity.Session

	// Renewed is the new secret of the session, which replaces the one that the
	// caller sent; "" if the secret doesn't change.
	Renewed string
}

var errNoSession = tenancy.Errorf(tenancy.CodeUnauthenticated, "no such session: sign in again")

// Authenticate returns the session of a secret and its user with their present
// rights. If the rights have changed since the secret was issued, the secret is
// renewed. An unknown secret, and the secret of a session that has ended, are
// [tenancy.CodeUnauthenticated].
//
// The session is read each time: one that has ended is refused at once on every instance.
// The user and their roles are cached as API keys are: a change by another instance takes
// effect within a second, usually at once. The principal is shared with other calls: its
// Roles must not be modified.
func (s *Service) Authenticate(ctx context.Context, secret string) (Caller, error) {
	hash, err := identity.HashSessionSecret(secret)
	if err != nil {
		return Caller{}, errNoSession.Because(err)
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	session, err := s.find(ctx, hash, now)
	if err != nil {
		return Caller{}, err
	}
	user, err := s.holderOf(ctx, session.User, session.Rights)
	if err != nil {
		return Caller{}, err
	}
	if minute := now.Truncate(time.Minute); minute.After(session.SeenAt) {
		if err := s.finder.Touch(ctx, session.ID, minute); err != nil {
			return Caller{}, err
		}
	}
	c := Caller{Principal: user.principal, Session: session}
	if session.Hash != hash || session.Rights == user.rights {
		return c, nil
	}
	c.Session, c.Renewed, err = s.renew(tenancy.WithPrincipal(ctx, user.principal), session,
		user.rights, now)
	if tenancy.CodeOf(err) == tenancy.CodeVersionMismatch {
		// a concurrent request got the new secret
		return Caller{Principal: user.principal, Session: session}, nil
	}
	return c, err
}

// find returns the session of a hash, unless it has expired or is idle.
func (s *Service) find(
	ctx context.Context, hash identity.SessionHash, now time.Time,
) (identity.Session, error) {
	session, err := s.finder.Find(ctx, hash, now)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeUnauthenticated:
		return identity.Session{}, errNoSession.Because(err)
	case err != nil:
		return identity.Session{}, err
	case !now.Before(session.ExpiresAt):
		return identity.Session{}, errNoSession.Because(errExpired)
	case s.isIdle(session, now):
		return identity.Session{}, errNoSession.Because(errTooLongIdle)
	}
	return session, nil
}

// isIdle reports whether a session has ended because it wasn't used. SeenAt is
// truncated to the minute, so the last use may be up to a minute later.
func (s *Service) isIdle(session identity.Session, now time.Time) bool {
	return now.Sub(session.SeenAt) >= s.idle+time.Minute
}

// renew gives a session a new secret. The old secret remains valid for overlap. If
// a concurrent request has renewed the session, the error is
// [tenancy.CodeVersionMismatch].
func (s *Service) renew(
	ctx context.Context, session identity.Session, rights [sha256.Size]byte, now time.Time,
) (identity.Session, string, error) {
	secret := identity.NewSessionSecret()
	hash, err := identity.HashSessionSecret(secret)
	if err != nil {
		return session, "", err
	}
	err = s.finder.Renew(ctx, session.ID, session.Hash,
		ports.SessionRenewal{Hash: hash, Rights: rights, Overlap: now.Add(overlap)})
	if err != nil {
		return session, "", err
	}
	session.Hash, session.Rights = hash, rights
	return session, secret, nil
}

// List returns a user's sessions, the newest first. A caller may list their own
// sessions, a super-admin those of every user. Otherwise the error is
// [tenancy.ErrForbidden], whether such a user exists or not.
func (s *Service) List(
	ctx context.Context, by tenancy.Principal, user string,
) ([]identity.Session, error) {
	user, err := s.authorizeUser(by, user)
	if err != nil {
		return nil, err
	}
	now := s.now()
	all, err := s.sessions.List(ctx, user, now)
	return slices.DeleteFunc(all, func(x identity.Session) bool { return s.isIdle(x, now) }), err
}

// End ends a session of a user. A caller may end their own sessions, a super-admin
// those of every user. If the user has no session with the id, the error is
// [tenancy.ErrNotFound].
func (s *Service) End(ctx context.Context, by tenancy.Principal, user, id string) error {
	user, err := s.authorizeUser(by, user)
	if err != nil {
		return err
	}
	parsed, err := tenancy.ParseID(id) // a session's id has the same form
	if err != nil {
		return tenancy.ErrNotFound
	}
	return s.sessions.Revoke(ctx, user, parsed.String())
}

// EndAll ends all sessions of a user. A caller may end their own sessions, a
// super-admin those of every user.
func (s *Service) EndAll(ctx context.Context, by tenancy.Principal, user string) error {
	user, err := s.authorizeUser(by, user)
	if err != nil {
		return err
	}
	return s.sessions.RevokeAll(ctx, user)
}

// authorizeUser returns the normal form of a user's id if by may list and end the
// user's sessions.
func (s *Service) authorizeUser(by tenancy.Principal, user string) (string, error) {
	if by.Anonymous() {
		return "", errNoSession
	}
	own := by.Kind == tenancy.UserPrincipal && by.ID == user
	if !own && !by.SuperAdmin {
		return "", tenancy.ErrForbidden
	}
	id, err := tenancy.ParseID(user) // a user's id has the same form
	if err != nil {
		return "", tenancy.ErrNotFound
	}
	return id.String(), nil
}

// SignOut signs out: it ends the session of a secret. If there is no such session, it
// returns nil.
func (s *Service) SignOut(ctx context.Context, secret string) error {
	c, err := s.Authenticate(ctx, secret)
	if err == nil {
		err = s.sessions.Revoke(tenancy.WithPrincipal(ctx, c.Principal), c.Session.User,
			c.Session.ID)
	}
	if code := tenancy.CodeOf(err); code == tenancy.CodeUnauthenticated ||
		code == tenancy.CodeNotFound {
		return nil
	}
	return err
}

const maxAgent = 256 // characters

// cleanAgent returns the User-Agent of a browser without control characters and
// invalid UTF-8, truncated to maxAgent characters, so that it can be shown.
func cleanAgent(agent string) string {
	agent = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, strings.ToValidUTF8(agent, ""))
	if runes := []rune(agent); len(runes) > maxAgent {
		return string(runes[:maxAgent])
	}
	return agent
}

// sortedTenants returns the tenants in a fixed order, so that equal roles have the
// same digest.
func sortedTenants(roles map[tenancy.ID]tenancy.Role) []tenancy.ID {
	return slices.SortedFunc(maps.Keys(roles),
		func(a, b tenancy.ID) int { return strings.Compare(a.String(), b.String()) })
}
