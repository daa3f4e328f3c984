package portstest

import (
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func identitiesSuite() []contractCase {
	return []contractCase{
		{
			name: "bound identity is found",
			says: "Find returns the user that an identity is bound to. [tenancy.CodeNotFound] if" +
				" it isn't bound.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.bind(identityOf("a"), one.ID)
				p.bind(identityOf("b"), two.ID)
				p.wantBound(identityOf("a"), one.ID)
				p.wantBound(identityOf("b"), two.ID)
				for _, i := range []identity.Identity{
					identityOf("c"), {Issuer: "https://other.example", Subject: "a"},
					{Issuer: identityOf("a").Issuer, Subject: "A"}, {},
				} {
					p.wantUnbound(i)
				}
			},
		},
		{
			name: "first identity removes the password and ends sessions",
			says: "A user's first identity removes their password and ends their sessions: the" +
				" person who chose the password, perhaps through an invitation to someone else's" +
				" address, hasn't proved that the address is theirs, but the provider has.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				for i, u := range []identity.User{one, two} {
					p.setPassword(u.ID, "a hash")
					p.session(u.ID, i+1)
				}
				p.bind(identityOf("a"), one.ID)
				p.equal(p.password(one.ID), "", "the password after the first identity")
				p.equal(len(p.sessions(one.ID)), 0,
					"the number of sessions after the first identity")
				p.equal(p.password(two.ID), "a hash", "the other user's password")
				p.equal(len(p.sessions(two.ID)), 1, "the number of the other user's sessions")
				p.setPassword(one.ID, "another hash")
				p.bind(identity.Identity{Issuer: "https://other.example", Subject: "a"}, one.ID)
				p.equal(p.password(one.ID), "another hash", "the password after a second identity")
			},
		},
		{
			name: "bound identity is refused",
			says: "Bind binds an identity to a user permanently. [tenancy.CodeAlreadyExists] if" +
				" it is bound already, or if the user has another identity of the same issuer." +
				" [tenancy.CodeNotFound] if there is no such user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.bind(identityOf("a"), one.ID)
				p.code(p.Identities.Bind(p.ctx, identityOf("a"), two.ID), tenancy.CodeAlreadyExists,
					"Bind to another user")
				p.code(p.Identities.Bind(p.ctx, identityOf("a"), one.ID), tenancy.CodeAlreadyExists,
					"Bind again")
				p.code(p.Identities.Bind(p.ctx, identityOf("b"), one.ID), tenancy.CodeAlreadyExists,
					"Bind of another identity of the issuer")
				p.code(p.Identities.Bind(p.ctx, identityOf("c"), newUser(3).ID),
					tenancy.CodeNotFound, "Bind to an unknown user")
				p.bind(identity.Identity{Issuer: "https://other.example", Subject: "a"}, one.ID)
				p.wantBound(identityOf("a"), one.ID)
				p.wantUnbound(identityOf("b"))
			},
		},
		{
			name: "removed user leaves no identity",
			says: "[tenancy.CodeNotFound] if it isn't bound.",
			prove: func(p *probe) {
				one := p.user(1)
				p.bind(identityOf("a"), one.ID)
				p.ok(p.Users.Remove(p.ctx, one.ID), "Users.Remove")
				p.wantUnbound(identityOf("a"))
				p.bind(identityOf("a"), p.user(2).ID)
			},
		},
		{
			name: "binding is in the audit log",
			says: "Its writes are in the platform's audit log: identity.bind.",
			prove: func(p *probe) {
				one := p.user(1)
				p.bind(identityOf("a"), one.ID)
				p.code(p.Identities.Bind(p.ctx, identityOf("a"), one.ID), tenancy.CodeAlreadyExists,
					"Bind again")
				p.wantLogged(one.ID, "identity.bind")
			},
		},
	}
}

func identityOf(subject string) identity.Identity {
	return identity.Identity{Issuer: "https://issuer.example", Subject: subject}
}

func (p *probe) bind(i identity.Identity, user string) {
	p.ok(p.Identities.Bind(p.ctx, i, user), "Identities.Bind(%v)", i)
}

func (p *probe) wantBound(i identity.Identity, want string) {
	user, err := p.Identities.Find(p.ctx, i)
	p.ok(err, "Identities.Find(%v)", i)
	p.equal(user, want, "the user that the identity is bound to")
}

func (p *probe) wantUnbound(i identity.Identity) {
	_, err := p.Identities.Find(p.ctx, i)
	p.code(err, tenancy.CodeNotFound, "Identities.Find(%v)", i)
}
