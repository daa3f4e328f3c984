package portstest

import (
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func passwordsSuite() []contractCase {
	return []contractCase{
		{
			name: "password is returned by user",
			says: "Get returns the password of a user; its Hash is empty if the user has none." +
				" [tenancy.CodeNotFound] if there is no such user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.equal(p.password(one.ID), "", "the hash of a user without a password")
				p.setPassword(one.ID, "$hash$1")
				p.equal(p.password(one.ID), "$hash$1", "the hash")
				p.equal(p.password(two.ID), "", "the hash of another user")
				for _, id := range []string{newUser(3).ID, "", "no id"} {
					_, err := p.Passwords.Get(p.ctx, id)
					p.code(err, tenancy.CodeNotFound, "Of(%q)", id)
				}
			},
		},
		{
			name: "set ends the user's other sessions",
			says: "Set gives a user the password with this hash and ends all their sessions" +
				" except the one with the id keep (\"\" keeps none). [tenancy.CodeNotFound] if" +
				" there is no such user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				kept, ended, others := p.session(one.ID, 1), p.session(one.ID, 2),
					p.session(two.ID, 3)
				p.ok(p.Passwords.Set(p.ctx, one.ID, "$hash$1", kept.ID), "Set that keeps a session")
				p.findSession(kept.Hash, kept.ID)
				p.noSession(ended.Hash, "that Set doesn't keep")
				p.findSession(others.Hash, others.ID)
				p.ok(p.Passwords.Set(p.ctx, one.ID, "$hash$2", others.ID),
					"Set that would keep another user's session")
				p.noSession(kept.Hash, "that Set doesn't keep")
				p.findSession(others.Hash, others.ID)
				p.equal(p.password(one.ID), "$hash$2", "the hash")
				p.code(p.Passwords.Set(p.ctx, newUser(3).ID, "$hash$3", ""), tenancy.CodeNotFound,
					"Set of an unknown user's password")
			},
		},
		{
			name: "rehash replaces a hash only once",
			says: "Rehash replaces from by to, another hash of the same password. Sessions stay." +
				" It does nothing if the user has another hash by now.",
			prove: func(p *probe) {
				one := p.user(1)
				p.setPassword(one.ID, "$old$")
				session := p.session(one.ID, 1)
				p.ok(p.Passwords.Rehash(p.ctx, one.ID, "$old$", "$new$"), "Rehash")
				p.equal(p.password(one.ID), "$new$", "the hash")
				p.findSession(session.Hash, session.ID)
				p.ok(p.Passwords.Rehash(p.ctx, one.ID, "$old$", "$late$"),
					"Rehash of a hash that was replaced")
				p.equal(p.password(one.ID), "$new$", "the hash")
				p.ok(p.Passwords.Rehash(p.ctx, newUser(2).ID, "$old$", "$late$"),
					"Rehash of an unknown user's password")
			},
		},
		{
			name: "password changes are in the audit log",
			says: "Its writes are in the platform's audit log: password.set, password.improve.",
			prove: func(p *probe) {
				one := p.user(1)
				p.setPassword(one.ID, "$secret$1")
				p.ok(p.Passwords.Rehash(p.ctx, one.ID, "$secret$1", "$secret$2"), "Rehash")
				p.ok(p.Passwords.Rehash(p.ctx, one.ID, "$secret$1", "$secret$3"),
					"Rehash that does nothing")
				p.code(p.Passwords.Set(p.ctx, newUser(3).ID, "$secret$4", ""), tenancy.CodeNotFound,
					"Set of an unknown user's password")
				p.wantLogged(one.ID, "password.improve", "password.set")
				p.wantNotLogged("$secret$")
			},
		},
		{
			name: "removed user leaves no password",
			says: "its Hash is empty if the user has none.",
			prove: func(p *probe) {
				one := p.user(1)
				p.setPassword(one.ID, "$hash$1")
				p.ok(p.Users.Remove(p.ctx, one.ID), "Users.Remove")
				_, err := p.Users.Create(p.ctx, one, "")
				p.ok(err, "Users.Create of the same id")
				p.equal(p.password(one.ID), "", "the hash of a new user of the same id")
			},
		},
	}
}

func (p *probe) password(user string) string {
	kept, err := p.Passwords.Get(p.ctx, user)
	p.ok(err, "Passwords.Of(%s)", user)
	return kept.Hash
}

func (p *probe) setPassword(user, hash string) {
	p.ok(p.Passwords.Set(p.ctx, user, hash, ""), "Passwords.Set(%s)", user)
}

// wantLogged requires exactly these actions in the platform's log about a user,
// newest first, apart from the user's creation.
func (p *probe) wantLogged(user string, want ...string) {
	got := []string{}
	for _, e := range p.allEntries(ports.AuditFilter{}) {
		if e.Target.Kind == "user" && e.Target.Name == user && e.Tenant.IsZero() &&
			e.Action != "user.create" {
			got = append(got, e.Action)
		}
	}
	p.equal(got, want, "the logged actions about the user")
}
