package portstest

import (
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func sessionsFind() []contractCase {
	return []contractCase{
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
					p.equal(p.findSession(hash, s.ID).Hash, renewed, "the hash of the answer")
				}
				_, err := p.SessionFinder.Find(p.ctx, s.Hash, overlapEnds.Add(-time.Microsecond))
				p.ok(err, "Find by the former secret during the overlap")
				_, err = p.SessionFinder.Find(p.ctx, s.Hash, overlapEnds)
				p.code(err, tenancy.CodeUnauthenticated,
					"Find by the former secret after the overlap")
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
				p.noSession(sessionHash(9), "which no session has")
				p.noSession(identity.SessionHash{}, "which is zero")
				_, err := p.SessionFinder.Find(p.ctx, s.Hash, s.ExpiresAt.Add(-time.Microsecond))
				p.ok(err, "Find before it expires")
				_, err = p.SessionFinder.Find(p.ctx, s.Hash, s.ExpiresAt)
				p.code(err, tenancy.CodeUnauthenticated, "Find when it has expired")
				p.ok(p.Users.Remove(p.ctx, one.ID), "Users.Remove")
				p.noSession(s.Hash, "of a removed user")
				_, err = p.Users.Create(p.ctx, one, "")
				p.ok(err, "Users.Create of the same id")
				p.noSession(s.Hash, "of a user created again")
			},
		},
		{
			name: "touch records the minute of use",
			says: "Touch records that a session was used, to the minute. The time never goes" +
				" back, and it is no error if there is no such session.",
			prove: func(p *probe) {
				one := p.user(1)
				s, other := p.session(one.ID, 1), p.session(one.ID, 2)
				later := sessionsStart.Add(90*time.Minute + 31*time.Second)
				p.ok(p.SessionFinder.Touch(p.ctx, s.ID, later), "Touch")
				p.equal(p.findSession(s.Hash, s.ID).SeenAt.Equal(later.Truncate(time.Minute)), true,
					"whether SeenAt is the minute")
				p.ok(p.SessionFinder.Touch(p.ctx, s.ID, later.Add(-time.Hour)),
					"Touch of an hour before")
				p.equal(p.findSession(s.Hash, s.ID).SeenAt.Equal(later.Truncate(time.Minute)), true,
					"whether SeenAt stays")
				p.equal(p.findSession(other.Hash, other.ID).SeenAt.Equal(other.SeenAt), true,
					"whether SeenAt of another session stays")
				p.ok(p.SessionFinder.Touch(p.ctx, newSession(one.ID, 3).ID, later),
					"Touch of an unknown session")
			},
		},
	}
}

func sessionsRenew() []contractCase {
	return []contractCase{
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
				got := p.findSession(to.Hash, s.ID)
				p.equal(got.Rights, to.Rights, "the rights")
				p.findSession(s.Hash, s.ID)
				again := ports.SessionRenewal{Hash: sessionHash(3), Overlap: overlapEnds}
				p.ok(p.SessionFinder.Renew(p.ctx, s.ID, to.Hash, again), "Renew again")
				p.findSession(again.Hash, s.ID)
				p.findSession(to.Hash, s.ID)
				p.noSession(s.Hash, "before the last but one")
			},
		},
		{
			name: "renewal is in the audit log",
			says: "A renewal is in the platform's audit log: session.renew.",
			prove: func(p *probe) {
				one := p.user(1)
				s := p.session(one.ID, 1)
				p.renew(s, 2)
				p.ok(p.SessionFinder.Touch(p.ctx, s.ID, sessionsStart.Add(time.Hour)), "Touch")
				err := p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
					ports.SessionRenewal{Hash: sessionHash(3), Overlap: overlapEnds})
				p.code(err, tenancy.CodeVersionMismatch, "Renew of a former secret")
				p.wantLogged(one.ID, "session.renew", "session.create")
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
					"the codes of 10 calls at once")
				p.ok(p.Sessions.Revoke(p.ctx, one.ID, s.ID), "Revoke")
				err := p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
					ports.SessionRenewal{Hash: sessionHash(30), Overlap: overlapEnds})
				p.code(err, tenancy.CodeVersionMismatch, "Renew of a revoked session")
			},
		},
	}
}

// renew gives a session the n-th secret and returns its hash.
func (p *probe) renew(s identity.Session, n int) identity.SessionHash {
	p.ok(p.SessionFinder.Renew(p.ctx, s.ID, s.Hash,
		ports.SessionRenewal{Hash: sessionHash(n), Overlap: overlapEnds}), "SessionFinder.Renew")
	return sessionHash(n)
}

// findSession requires that Find returns the session with this id.
func (p *probe) findSession(hash identity.SessionHash, id string) identity.Session {
	s, err := p.SessionFinder.Find(p.ctx, hash, sessionsStart)
	p.ok(err, "SessionFinder.Find")
	p.equal(s.ID, id, "the id of the session that was found")
	return s
}

func (p *probe) noSession(hash identity.SessionHash, which string) {
	_, err := p.SessionFinder.Find(p.ctx, hash, sessionsStart)
	p.code(err, tenancy.CodeUnauthenticated, "Find of the session %s", which)
}
