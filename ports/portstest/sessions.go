package portstest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func sessionsSuite() []clause {
	return append(sessionsCreate(),
		append(sessionsEnd(), append(sessionsFind(), sessionsRenew()...)...)...)
}

func sessionsCreate() []clause {
	return []clause{
		{
			name: "create stores the session",
			says: "Create stores s if the user's password still has the hash verified; \"\" skips" +
				" this check.",
			prove: func(p *probe) {
				one := p.user(1)
				p.setPassword(one.ID, "$hash$")
				first, second := newSession(one.ID, 1), newSession(one.ID, 2)
				p.ok(p.Sessions.Create(p.ctx, first, "$hash$"), "Create by password")
				p.ok(p.Sessions.Create(p.ctx, second, ""), "Create without a password")
				for _, s := range []identity.Session{first, second} {
					p.sameSession(p.found(s.Hash, s.ID), s, "what Find answers")
				}
			},
		},
		{
			name: "create refuses a former password",
			says: "[tenancy.CodeUnauthenticated] if the password has another hash by now, or if" +
				" there is no such user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.setPassword(one.ID, "$new$")
				p.code(p.Sessions.Create(p.ctx, newSession(one.ID, 1), "$old$"),
					tenancy.CodeUnauthenticated, "Create with a former password")
				p.code(p.Sessions.Create(p.ctx, newSession(two.ID, 2), "$old$"),
					tenancy.CodeUnauthenticated, "Create with a password, of a user who has none")
				p.code(p.Sessions.Create(p.ctx, newSession(newUser(3).ID, 3), ""),
					tenancy.CodeUnauthenticated, "Create for nobody")
				p.equal(len(p.sessions(one.ID))+len(p.sessions(two.ID)), 0,
					"the number of sessions")
			},
		},
		{
			name: "existing id or hash is refused",
			says: "An id or a hash that exists already is [tenancy.CodeAlreadyExists].",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				first := p.session(one.ID, 1)
				sameID, sameHash := newSession(two.ID, 2), newSession(two.ID, 3)
				sameID.ID, sameHash.Hash = first.ID, first.Hash
				p.code(p.Sessions.Create(p.ctx, sameID, ""), tenancy.CodeAlreadyExists,
					"Create with an id that is there")
				p.code(p.Sessions.Create(p.ctx, sameHash, ""), tenancy.CodeAlreadyExists,
					"Create with a hash that is there")
				p.sameSession(p.found(first.Hash, first.ID), first, "the first session")
				p.equal(len(p.sessions(two.ID)), 0, "the number of the other user's sessions")
			},
		},
		{
			name: "oldest sessions beyond the maximum end",
			says: "If the user has more than [identity.MaxSessions] then, the oldest end.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				others := p.session(two.ID, 1)
				var all []identity.Session
				for n := range identity.MaxSessions + 2 {
					all = append(all, p.session(one.ID, 10+n))
				}
				p.equal(len(p.sessions(one.ID)), identity.MaxSessions, "the number of sessions")
				p.notFound(all[0].Hash, "that is the oldest")
				p.notFound(all[1].Hash, "that is the oldest but one")
				p.found(all[2].Hash, all[2].ID)
				p.found(others.Hash, others.ID)
			},
		},
		{
			name: "list returns unexpired sessions newest first",
			says: "List returns the user's sessions that haven't expired at now, newest first. It" +
				" leaves Hash and Rights zero.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				first, short, third := p.session(one.ID, 1), newSession(one.ID, 2),
					p.session(one.ID, 3)
				short.ExpiresAt = sessionsBegin.Add(time.Hour)
				p.ok(p.Sessions.Create(p.ctx, short, ""), "Create")
				p.session(two.ID, 4)
				p.equal(idsOf(p.sessions(one.ID)), []string{third.ID, short.ID, first.ID},
					"the sessions")
				later, err := p.Sessions.List(p.ctx, one.ID, short.ExpiresAt)
				p.ok(err, "List")
				p.equal(idsOf(later), []string{third.ID, first.ID},
					"the sessions when one has expired")
				for _, s := range later {
					p.equal(s.Hash, identity.SessionHash{}, "the hash of a listed session")
					p.equal(s.Rights, [sha256.Size]byte{}, "the rights of a listed session")
				}
				none, err := p.Sessions.List(p.ctx, newUser(5).ID, sessionsBegin)
				p.ok(err, "List of nobody's")
				p.equal(len(none), 0, "the number of nobody's sessions")
			},
		},
		{
			name: "session writes are in the audit log",
			says: "Its writes are in the platform's audit log: session.create, session.revoke.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				p.session(one.ID, 2)
				p.code(p.Sessions.Create(p.ctx, s, ""), tenancy.CodeAlreadyExists, "Create again")
				p.ok(p.Sessions.Revoke(p.ctx, one.ID, s.ID), "Revoke")
				p.code(p.Sessions.Revoke(p.ctx, one.ID, s.ID), tenancy.CodeNotFound, "Revoke again")
				p.ok(p.Sessions.RevokeAll(p.ctx, one.ID), "RevokeAll")
				p.ok(p.Sessions.RevokeAll(p.ctx, one.ID), "RevokeAll of none")
				p.logged(one.ID, "session.revoke", "session.revoke", "session.create",
					"session.create")
				p.unlogged(fmt.Sprintf("%x", s.Hash[:8]))
			},
		},
	}
}

func sessionsEnd() []clause {
	return []clause{
		{
			name: "revoke ends the user's own session",
			says: "Revoke ends a session: from then on [SessionFinder.Find] doesn't find it." +
				" [tenancy.CodeNotFound] if the user has no such session, even if another user" +
				" has it.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				ended, kept := p.session(one.ID, 1), p.session(one.ID, 2)
				p.code(p.Sessions.Revoke(p.ctx, two.ID, ended.ID), tenancy.CodeNotFound,
					"Revoke of another user's session")
				p.code(p.Sessions.Revoke(p.ctx, one.ID, newSession(one.ID, 3).ID),
					tenancy.CodeNotFound, "Revoke of no session")
				p.code(p.Sessions.Revoke(p.ctx, one.ID, ""), tenancy.CodeNotFound,
					"Revoke of no id")
				p.found(ended.Hash, ended.ID)
				p.ok(p.Sessions.Revoke(p.ctx, one.ID, ended.ID), "Revoke")
				p.notFound(ended.Hash, "after Revoke")
				p.found(kept.Hash, kept.ID)
			},
		},
		{
			name: "revoked session isn't found by any secret",
			says: "Revoke ends a session: from then on [SessionFinder.Find] doesn't find it.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				renewed := p.renew(s, 2)
				p.ok(p.Sessions.Revoke(p.ctx, one.ID, s.ID), "Revoke")
				p.notFound(renewed, "after Revoke")
				p.notFound(s.Hash, "after Revoke, by the former secret")
			},
		},
		{
			name: "revokeAll ends one user's sessions",
			says: "RevokeAll ends all sessions of a user. It is no error if there are none.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				a, b, others := p.session(one.ID, 1), p.session(one.ID, 2), p.session(two.ID, 3)
				p.ok(p.Sessions.RevokeAll(p.ctx, one.ID), "RevokeAll")
				p.notFound(a.Hash, "after RevokeAll")
				p.notFound(b.Hash, "after RevokeAll")
				p.found(others.Hash, others.ID)
				p.ok(p.Sessions.RevokeAll(p.ctx, one.ID), "RevokeAll of none")
				p.ok(p.Sessions.RevokeAll(p.ctx, newUser(4).ID), "RevokeAll of nobody's")
			},
		},
	}
}

func sessionsFind() []clause {
	return []clause{
		{
			name: "find accepts the former secret for a while",
			says: "Find returns the session whose newest secret has this hash, or whose secret" +
				" before that has it and may still be used at now. The returned Hash is that of" +
				" the newest secret.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				p.session(one.ID, 2)
				renewed := p.renew(s, 3)
				for _, hash := range []identity.SessionHash{s.Hash, renewed} {
					p.equal(p.found(hash, s.ID).Hash, renewed, "the hash of the answer")
				}
				_, err := p.SessionFinder.Find(p.ctx, s.Hash, overlapEnds.Add(-time.Microsecond))
				p.ok(err, "Find by the former secret, while it may be used")
				_, err = p.SessionFinder.Find(p.ctx, s.Hash, overlapEnds)
				p.code(err, tenancy.CodeUnauthenticated,
					"Find by the former secret, when it may be used no more")
				_, err = p.SessionFinder.Find(p.ctx, renewed, overlapEnds)
				p.ok(err, "Find by the newest secret")
			},
		},
		{
			name: "find refuses unknown and expired sessions",
			says: "[tenancy.CodeUnauthenticated] if there is none, if it has expired at now, or" +
				" if its user was removed.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				p.notFound(sessionHash(9), "which no session has")
				p.notFound(identity.SessionHash{}, "which is zero")
				_, err := p.SessionFinder.Find(p.ctx, s.Hash, s.ExpiresAt.Add(-time.Microsecond))
				p.ok(err, "Find before it expires")
				_, err = p.SessionFinder.Find(p.ctx, s.Hash, s.ExpiresAt)
				p.code(err, tenancy.CodeUnauthenticated, "Find when it has expired")
				p.ok(p.Users.Remove(p.ctx, one.ID), "Users.Remove")
				p.notFound(s.Hash, "of a user who is gone")
				_, err = p.Users.Create(p.ctx, one)
				p.ok(err, "Users.Create of the same id")
				p.notFound(s.Hash, "of a user who was gone")
			},
		},
		{
			name: "touch records the minute of use",
			says: "Touch records that a session was used, to the minute. The time never goes" +
				" back, and it is no error if there is no such session.",
			prove: func(p *probe) {
				one := p.user(1)
				s, other := p.session(one.ID, 1), p.session(one.ID, 2)
				later := sessionsBegin.Add(90*time.Minute + 31*time.Second)
				p.ok(p.SessionFinder.Touch(p.ctx, s.ID, later), "See")
				p.equal(p.found(s.Hash, s.ID).SeenAt.Equal(later.Truncate(time.Minute)), true,
					"SeenAt is the minute")
				p.ok(p.SessionFinder.Touch(p.ctx, s.ID, later.Add(-time.Hour)),
					"See of an hour before")
				p.equal(p.found(s.Hash, s.ID).SeenAt.Equal(later.Truncate(time.Minute)), true,
					"SeenAt stays")
				p.equal(p.found(other.Hash, other.ID).SeenAt.Equal(other.SeenAt), true,
					"SeenAt of another session")
				p.ok(p.SessionFinder.Touch(p.ctx, newSession(one.ID, 3).ID, later),
					"See of no session")
			},
		},
	}
}

func sessionsRenew() []clause {
	return []clause{
		{
			name: "renew replaces the secret",
			says: "Renew gives a session another secret, and stores the rights with which it was" +
				" issued. The secret before it may be used until to.Overlap; older ones can't be" +
				" used.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				to := ports.SessionRenewal{Hash: sessionHash(2), Rights: [32]byte{2},
					Overlap: overlapEnds}
				p.ok(p.SessionFinder.Renew(p.ctx, s.ID, s.Hash, to), "Renew")
				got := p.found(to.Hash, s.ID)
				p.equal(got.Rights, to.Rights, "the rights")
				p.found(s.Hash, s.ID)
				again := ports.SessionRenewal{Hash: sessionHash(3), Overlap: overlapEnds}
				p.ok(p.SessionFinder.Renew(p.ctx, s.ID, to.Hash, again), "Renew again")
				p.found(again.Hash, s.ID)
				p.found(to.Hash, s.ID)
				p.notFound(s.Hash, "before the last but one")
			},
		},
		{
			name: "renewal is in the audit log",
			says: "A renewal is in the platform's audit log: session.renew.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				p.renew(s, 2)
				p.ok(p.SessionFinder.Touch(p.ctx, s.ID, sessionsBegin.Add(time.Hour)), "See")
				err := p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
					ports.SessionRenewal{Hash: sessionHash(3), Overlap: overlapEnds})
				p.code(err, tenancy.CodeVersionMismatch, "Renew of a former secret")
				p.logged(one.ID, "session.renew", "session.create")
			},
		},
		{
			name: "concurrent renewals succeed once",
			says: "[tenancy.CodeVersionMismatch] if the session's newest secret doesn't have the" +
				" hash from: it was renewed meanwhile, or doesn't exist any more.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				errs := atOnce(10, func(i int) error {
					return p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
						ports.SessionRenewal{Hash: sessionHash(10 + i), Overlap: overlapEnds})
				})
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": 1, tenancy.CodeVersionMismatch: 9},
					"the codes of 10 at once")
				p.ok(p.Sessions.Revoke(p.ctx, one.ID, s.ID), "Revoke")
				err := p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
					ports.SessionRenewal{Hash: sessionHash(30), Overlap: overlapEnds})
				p.code(err, tenancy.CodeVersionMismatch, "Renew of a session that is gone")
			},
		},
	}
}

var (
	sessionsBegin = time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC)
	overlapEnds   = sessionsBegin.Add(10 * time.Minute)
)

func sessionHash(n int) identity.SessionHash {
	return sha256.Sum256(fmt.Appendf(nil, "session %d", n))
}

// newSession makes a session that begins n seconds after the first.
func newSession(user string, n int) identity.Session {
	return identity.Session{
		ID: fmt.Sprintf("01920000-0000-7000-8000-%012d", n), User: user, Hash: sessionHash(n),
		Rights:    [32]byte{1, 2, 3},
		CreatedAt: sessionsBegin.Add(time.Duration(n) * time.Second), SeenAt: sessionsBegin,
		ExpiresAt: sessionsBegin.Add(24 * time.Hour),
		Address:   "192.0.2.1", Agent: "Browser/1.0 (ü)",
	}
}

func (p *probe) session(user string, n int) identity.Session {
	s := newSession(user, n)
	p.ok(p.Sessions.Create(p.ctx, s, ""), "Sessions.Create")
	return s
}

func (p *probe) sessions(user string) []identity.Session {
	found, err := p.Sessions.List(p.ctx, user, sessionsBegin)
	p.ok(err, "Sessions.List")
	return found
}

// renew gives a session the nth secret and answers its hash.
func (p *probe) renew(s identity.Session, n int) identity.SessionHash {
	p.ok(p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
		ports.SessionRenewal{Hash: sessionHash(n), Overlap: overlapEnds}), "SessionFinder.Renew")
	return sessionHash(n)
}

// found wants the session with this id to be found.
func (p *probe) found(hash identity.SessionHash, id string) identity.Session {
	s, err := p.SessionFinder.Find(p.ctx, hash, sessionsBegin)
	p.ok(err, "SessionFinder.Find")
	p.equal(s.ID, id, "the id of the session that was found")
	return s
}

func (p *probe) notFound(hash identity.SessionHash, which string) {
	_, err := p.SessionFinder.Find(p.ctx, hash, sessionsBegin)
	p.code(err, tenancy.CodeUnauthenticated, "Find of the session %s", which)
}

func (p *probe) sameSession(got, want identity.Session, what string) {
	same := got.ID == want.ID && got.User == want.User && got.Hash == want.Hash &&
		got.Rights == want.Rights &&
		got.CreatedAt.Equal(want.CreatedAt) && got.SeenAt.Equal(want.SeenAt) &&
		got.ExpiresAt.Equal(want.ExpiresAt) &&
		got.Address == want.Address && got.Agent == want.Agent
	if !same {
		p.fail("%s = %+v; want %+v", what, got, want)
	}
}

func idsOf(sessions []identity.Session) []string {
	ids := []string{}
	for _, s := range sessions {
		ids = append(ids, s.ID)
	}
	return ids
}

// unlogged wants no entry of any log to hold a text.
func (p *probe) unlogged(text string) {
	for _, e := range p.everywhere(ports.PlatformAuditQuery{}) {
		if bytes.Contains(e.Text, []byte(text)) || strings.Contains(e.Target.Name, text) {
			p.fail("the log has %q: %s", text, e.Text)
		}
	}
}
