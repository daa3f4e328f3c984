package portstest

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func sessionsSuite() []contractCase {
	return slices.Concat(sessionsCreate(), sessionsEnd(), sessionsFind(), sessionsRenew())
}

func sessionsCreate() []contractCase {
	return []contractCase{
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
					p.sameSession(p.findSession(s.Hash, s.ID), s, "the result of Find")
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
					tenancy.CodeUnauthenticated, "Create for an unknown user")
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
					"Create with an id that exists")
				p.code(p.Sessions.Create(p.ctx, sameHash, ""), tenancy.CodeAlreadyExists,
					"Create with a hash that exists")
				p.sameSession(p.findSession(first.Hash, first.ID), first, "the first session")
				p.equal(len(p.sessions(two.ID)), 0, "the number of the other user's sessions")
			},
		},
		{
			name: "oldest sessions beyond the maximum end",
			says: "If the user then has more than [identity.MaxSessions] sessions, the oldest" +
				" end.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				others := p.session(two.ID, 1)
				var all []identity.Session
				for n := range identity.MaxSessions + 2 {
					all = append(all, p.session(one.ID, 10+n))
				}
				p.equal(len(p.sessions(one.ID)), identity.MaxSessions, "the number of sessions")
				p.noSession(all[0].Hash, "that is the oldest")
				p.noSession(all[1].Hash, "that is the second oldest")
				p.findSession(all[2].Hash, all[2].ID)
				p.findSession(others.Hash, others.ID)
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
				short.ExpiresAt = sessionsStart.Add(time.Hour)
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
				none, err := p.Sessions.List(p.ctx, newUser(5).ID, sessionsStart)
				p.ok(err, "List of an unknown user's")
				p.equal(len(none), 0, "the number of an unknown user's sessions")
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
				p.wantLogged(one.ID, "session.revoke", "session.revoke", "session.create",
					"session.create")
				p.wantNotLogged(fmt.Sprintf("%x", s.Hash[:8]))
			},
		},
	}
}

func sessionsEnd() []contractCase {
	return []contractCase{
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
				p.findSession(ended.Hash, ended.ID)
				p.ok(p.Sessions.Revoke(p.ctx, one.ID, ended.ID), "Revoke")
				p.noSession(ended.Hash, "after Revoke")
				p.findSession(kept.Hash, kept.ID)
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
				p.noSession(renewed, "after Revoke")
				p.noSession(s.Hash, "after Revoke, by the former secret")
			},
		},
		{
			name: "revokeAll ends one user's sessions",
			says: "RevokeAll ends all sessions of a user. It is no error if there are none.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				a, b, others := p.session(one.ID, 1), p.session(one.ID, 2), p.session(two.ID, 3)
				p.ok(p.Sessions.RevokeAll(p.ctx, one.ID), "RevokeAll")
				p.noSession(a.Hash, "after RevokeAll")
				p.noSession(b.Hash, "after RevokeAll")
				p.findSession(others.Hash, others.ID)
				p.ok(p.Sessions.RevokeAll(p.ctx, one.ID), "RevokeAll of none")
				p.ok(p.Sessions.RevokeAll(p.ctx, newUser(4).ID), "RevokeAll of an unknown user's")
			},
		},
	}
}

var (
	sessionsStart = time.Date(2030, 1, 2, 3, 4, 0, 0, time.UTC)
	overlapEnds   = sessionsStart.Add(10 * time.Minute)
)

func sessionHash(n int) identity.SessionHash {
	return sha256.Sum256(fmt.Appendf(nil, "session %d", n))
}

// newSession makes a session that was created n seconds after sessionsStart.
func newSession(user string, n int) identity.Session {
	return identity.Session{
		ID: fmt.Sprintf("01920000-0000-7000-8000-%012d", n), User: user, Hash: sessionHash(n),
		Rights:    [32]byte{1, 2, 3},
		CreatedAt: sessionsStart.Add(time.Duration(n) * time.Second), SeenAt: sessionsStart,
		ExpiresAt: sessionsStart.Add(24 * time.Hour),
		Address:   "192.0.2.1", Agent: "Browser/1.0 (ü)",
	}
}

func (p *probe) session(user string, n int) identity.Session {
	s := newSession(user, n)
	p.ok(p.Sessions.Create(p.ctx, s, ""), "Sessions.Create")
	return s
}

func (p *probe) sessions(user string) []identity.Session {
	found, err := p.Sessions.List(p.ctx, user, sessionsStart)
	p.ok(err, "Sessions.List")
	return found
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

// wantNotLogged requires that no entry of any log has the text.
func (p *probe) wantNotLogged(text string) {
	for _, e := range p.allEntries(ports.AuditFilter{}) {
		if bytes.Contains(e.Text, []byte(text)) || strings.Contains(e.Target.Name, text) {
			p.fail("a log entry has %q: %s", text, e.Text)
		}
	}
}
