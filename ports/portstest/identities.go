package portstest

import "github.com/bailiwick-go/bailiwick/tenancy"

func identitiesSuite() []clause {
	return []clause{
		{
			name: "bind an identity",
			says: "Find answers the user that an identity is bound to. [tenancy.CodeNotFound] if it is bound to none.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.bind(identity("a"), one.ID)
				p.bind(identity("b"), two.ID)
				p.boundTo(identity("a"), one.ID)
				p.boundTo(identity("b"), two.ID)
				for _, i := range []tenancy.Identity{
					identity("c"), {Issuer: "https://other.example", Subject: "a"}, {Issuer: identity("a").Issuer, Subject: "A"}, {},
				} {
					p.unbound(i)
				}
			},
		},
		{
			name: "first identity",
			says: "The first identity of a user takes their password away and ends their sessions: whoever chose the password, perhaps by an invitation to somebody else's address, hasn't shown that the address is theirs, as the provider has.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				for i, u := range []tenancy.User{one, two} {
					p.setPassword(u.ID, "a hash")
					p.session(u.ID, i+1)
				}
				p.bind(identity("a"), one.ID)
				p.equal(p.password(one.ID), "", "the password of a user who got an identity")
				p.equal(len(p.sessions(one.ID)), 0, "their sessions")
				p.equal(p.password(two.ID), "a hash", "the other's password")
				p.equal(len(p.sessions(two.ID)), 1, "the other's sessions")
				p.setPassword(one.ID, "another hash")
				p.bind(tenancy.Identity{Issuer: "https://other.example", Subject: "a"}, one.ID)
				p.equal(p.password(one.ID), "another hash", "the password after a second identity")
			},
		},
		{
			name: "identity taken",
			says: "Bind binds an identity to a user for good. [tenancy.CodeAlreadyExists] if it is bound already, or if the user has another one of the same issuer. [tenancy.CodeNotFound] if there is no such user.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.bind(identity("a"), one.ID)
				p.code(p.Identities.Bind(p.ctx, identity("a"), two.ID), tenancy.CodeAlreadyExists, "Bind to another user")
				p.code(p.Identities.Bind(p.ctx, identity("a"), one.ID), tenancy.CodeAlreadyExists, "Bind again")
				p.code(p.Identities.Bind(p.ctx, identity("b"), one.ID), tenancy.CodeAlreadyExists, "Bind of another identity of the issuer")
				p.code(p.Identities.Bind(p.ctx, identity("c"), newUser(3).ID), tenancy.CodeNotFound, "Bind to nobody")
				p.bind(tenancy.Identity{Issuer: "https://other.example", Subject: "a"}, one.ID)
				p.boundTo(identity("a"), one.ID)
				p.unbound(identity("b"))
			},
		},
		{
			name: "an identity of a user who is gone",
			says: "[tenancy.CodeNotFound] if it is bound to none.",
			prove: func(p *probe) {
				one := p.user(1)
				p.bind(identity("a"), one.ID)
				p.ok(p.Users.Remove(p.ctx, one.ID), "Users.Remove")
				p.unbound(identity("a"))
				p.bind(identity("a"), p.user(2).ID)
			},
		},
		{
			name: "identities in the log",
			says: "Its writes are in the platform's audit log: identity.bind.",
			prove: func(p *probe) {
				one := p.user(1)
				p.bind(identity("a"), one.ID)
				p.code(p.Identities.Bind(p.ctx, identity("a"), one.ID), tenancy.CodeAlreadyExists, "Bind again")
				p.logged(one.ID, "identity.bind")
			},
		},
	}
}

func identity(subject string) tenancy.Identity {
	return tenancy.Identity{Issuer: "https://issuer.example", Subject: subject}
}

func (p *probe) bind(i tenancy.Identity, user string) {
	p.ok(p.Identities.Bind(p.ctx, i, user), "Identities.Bind(%v)", i)
}

func (p *probe) boundTo(i tenancy.Identity, want string) {
	user, err := p.Identities.Find(p.ctx, i)
	p.ok(err, "Identities.Find(%v)", i)
	p.equal(user, want, "whose the identity is")
}

func (p *probe) unbound(i tenancy.Identity) {
	_, err := p.Identities.Find(p.ctx, i)
	p.code(err, tenancy.CodeNotFound, "Identities.Find(%v)", i)
}
