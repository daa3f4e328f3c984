package portstest

import (
	"fmt"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func invitationsFind() []contractCase {
	return []contractCase{
		{
			name: "find returns the invitation",
			says: "Find returns the invitation with this hash.",
			prove: func(p *probe) {
				one, two := p.invite(p.acme, 1), p.invite(p.globex, 2)
				p.sameInvitation(p.findInvitation(one.Hash), one, "acme's invitation")
				p.sameInvitation(p.findInvitation(two.Hash), two, "globex's invitation")
				p.equal(p.findInvitation(one.Hash).Hash, one.Hash, "the hash")
			},
		},
		{
			name: "find needs an active tenant",
			says: "[tenancy.CodeNotFound] if there is none, if its tenant isn't active, or if the" +
				" inviter may no longer invite.",
			prove: func(p *probe) {
				p.noInvitation(tenancy.InvitationHash{}, "which is zero")
				p.noInvitation(invitationHash(1), "which none has")
				i := p.invite(p.acme, 1)
				for _, state := range []tenancy.State{tenancy.Suspended, tenancy.Deleted} {
					p.setState(p.acme, state)
					p.noInvitation(i.Hash, "of a tenant that is "+string(state))
					_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, p.invitedUser(1), true, "")
					p.code(err, tenancy.CodeNotFound, "Accept")
				}
				p.setState(p.acme, tenancy.Active)
				p.findInvitation(i.Hash)
			},
		},
		{
			name: "find needs an inviter who may still invite",
			says: "These may invite: the platform, a user who is an admin of the tenant or a" +
				" super-admin, and an API key of the tenant that has the admin role and hasn't" +
				" expired.",
			prove: func(p *probe) {
				yes, no := true, false
				admin, other := p.user(1), p.user(2)
				p.member(p.acme, admin, tenancy.Admin)
				p.member(p.acme, other, tenancy.Admin)
				p.member(p.globex, other, tenancy.Admin)
				byUser := p.inviteAs(p.acme, 1,
					tenancy.Actor{Kind: tenancy.UserPrincipal, ID: admin.ID})
				p.findInvitation(byUser.Hash)
				p.member(p.acme, admin, tenancy.Editor)
				p.refusedInvitation(byUser, "of a former admin")
				_, err := p.Users.Update(p.ctx, admin.ID, ports.UserChange{SuperAdmin: &yes})
				p.ok(err, "Users.Update")
				p.findInvitation(byUser.Hash)
				_, err = p.Users.Update(p.ctx, admin.ID, ports.UserChange{SuperAdmin: &no})
				p.ok(err, "Users.Update")
				p.member(p.globex, admin, tenancy.Admin)
				p.refusedInvitation(byUser, "of an admin of another tenant")

				for n, k := range map[int]tenancy.APIKey{
					2: {Tenant: p.acme, Role: tenancy.Editor},
					3: {Tenant: p.globex, Role: tenancy.Admin},
					4: {Tenant: p.acme, Role: tenancy.Admin,
						ExpiresAt: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)},
				} {
					k.ID, k.Hash, k.Name = keyID(n), keyHash(n), "key"
					_, err := p.Keys.Create(p.ctx, k.Tenant, k)
					p.ok(err, "Keys.Create")
					p.refusedInvitation(p.inviteAs(p.acme, n,
						tenancy.Actor{Kind: tenancy.KeyPrincipal, ID: k.ID}),
						fmt.Sprint("of key ", n))
				}
				good := newKey(p.acme, 5)
				good.Role, good.ExpiresAt = tenancy.Admin, time.Now().Add(time.Hour)
				_, err = p.Keys.Create(p.ctx, p.acme, good)
				p.ok(err, "Keys.Create")
				byKey := p.inviteAs(p.acme, 5,
					tenancy.Actor{Kind: tenancy.KeyPrincipal, ID: good.ID})
				p.findInvitation(byKey.Hash)
				p.ok(p.Keys.Revoke(p.ctx, p.acme, good.ID), "Keys.Revoke")
				p.refusedInvitation(byKey, "of a revoked key")

				for n, kind := range []tenancy.PrincipalKind{"", tenancy.SystemActor,
					tenancy.AnonymousActor, "host"} {
					p.refusedInvitation(p.inviteAs(p.acme, 6+n,
						tenancy.Actor{Kind: kind, ID: admin.ID}), "of "+string(kind))
				}
				p.refusedInvitation(p.inviteAs(p.acme, 12,
					tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "a user of the host app"}),
					"of an unknown user")
			},
		},
		{
			name: "find returns an expired invitation",
			says: "Find also returns an expired invitation: the caller checks the time.",
			prove: func(p *probe) {
				i := newInvitation(p.acme, 1)
				i.ExpiresAt = time.Date(2001, 2, 3, 4, 5, 6, 789000, time.UTC)
				_, err := p.Invitations.Create(p.ctx, p.acme, i)
				p.ok(err, "Invitations.Create")
				p.sameInvitation(p.findInvitation(i.Hash), i, "the expired invitation")
			},
		},
	}
}

func invitationsAccept() []contractCase {
	return []contractCase{
		{
			name: "accept makes a user a member",
			says: "Accept removes the invitation with this hash and gives the user its role in" +
				" its tenant, in one transaction:",
			prove: func(p *probe) {
				i := p.inviteAs(p.acme, 1, platform)
				other := p.inviteAs(p.globex, 2, platform)
				u := p.invitedUser(1)
				_, err := p.Users.Create(p.ctx, u, "")
				p.ok(err, "Users.Create")
				m, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, false, "")
				p.ok(err, "InvitationFinder.Accept")
				p.sameMember(m, tenancy.Membership{Tenant: p.acme, User: u.ID,
					Role: tenancy.Editor}, "the result of Accept")
				p.equal(p.tenantsOf(u.ID), []tenancy.ID{p.acme}, "the user's tenants")
				p.noInvitation(i.Hash, "after it was accepted")
				p.equal(p.invitations(p.acme), []string{}, "acme's invitations")
				p.findInvitation(other.Hash)
				_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, u, false, "")
				p.code(err, tenancy.CodeNotFound, "Accept again")
			},
		},
		{
			name: "accept creates a new user",
			says: "With newUser it stores the user first, as [Users.Create] does, with the" +
				" password of this hash unless it is \"\".",
			prove: func(p *probe) {
				i, u := p.invite(p.acme, 1), p.invitedUser(1)
				u.Email = strings.ToUpper(u.Email)
				m, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true, "$hash$")
				p.ok(err, "InvitationFinder.Accept")
				p.sameMember(m, tenancy.Membership{Tenant: p.acme, User: u.ID,
					Role: tenancy.Editor}, "the result of Accept")
				u.Email = strings.ToLower(u.Email)
				p.sameUser(p.getUser(u.ID), u, "the new user")
				password, err := p.Passwords.Get(p.ctx, u.ID)
				p.ok(err, "Passwords.Get")
				p.equal(password.Hash, "$hash$", "the new user's password")
				other, without := p.invite(p.acme, 2), p.invitedUser(2)
				_, err = p.InvitationFinder.Accept(p.ctx, other.Hash, without, true, "")
				p.ok(err, "InvitationFinder.Accept without a password")
				password, err = p.Passwords.Get(p.ctx, without.ID)
				p.ok(err, "Passwords.Get")
				p.equal(password.Hash, "", "the password of a user without one")
			},
		},
		{
			name: "concurrent accepts succeed once",
			says: "of any number of calls at once, one succeeds.",
			prove: func(p *probe) {
				i := p.invite(p.acme, 1)
				errs := atOnce(20, func(n int) error {
					u := p.invitedUser(n)
					u.Email = i.Email
					_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true, "")
					return err
				})
				p.equal(countCodes(errs)[""], 1, "the number of calls that succeed")
				p.noInvitation(i.Hash, "after it was accepted")
				p.equal(len(p.members(p.acme)), 1, "the number of acme's members")
				p.equal(len(p.userIDs(ports.UserQuery{})), 1, "the number of users")
			},
		},
		{
			name: "accept and Put run at once",
			says: "Accept removes the invitation with this hash and gives the user its role in" +
				" its tenant, in one transaction:",
			prove: func(p *probe) {
				for n := range 8 {
					i, u := p.invite(p.acme, n), p.invitedUser(n)
					_, err := p.Users.Create(p.ctx, u, "")
					p.ok(err, "Users.Create")
					errs := atOnce(2, func(k int) (err error) {
						if k == 0 {
							_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, u, false, "")
						} else {
							_, _, err = p.Members.Put(p.ctx, p.acme, u.ID, tenancy.Editor)
						}
						return err
					})
					p.equal(countCodes(errs), map[tenancy.Code]int{"": 2},
						"the codes of both calls")
					p.noInvitation(i.Hash, "after it was accepted")
				}
				p.equal(len(p.members(p.acme)), 8, "the number of acme's members")
				p.verifyChain(p.acme)
			},
		},
		{
			name: "accept never lowers a role",
			says: "A member keeps a role that includes the invitation's.",
			prove: func(p *probe) {
				u := p.invitedUser(1)
				_, err := p.Users.Create(p.ctx, u, "")
				p.ok(err, "Users.Create")
				for n, step := range []struct{ has, invited, want tenancy.Role }{
					{tenancy.Viewer, tenancy.Editor, tenancy.Editor},
					{tenancy.Editor, tenancy.Viewer, tenancy.Editor},
					{tenancy.Admin, tenancy.Viewer, tenancy.Admin},
					{tenancy.Admin, tenancy.Admin, tenancy.Admin},
				} {
					p.member(p.acme, u, step.has)
					i := newInvitation(p.acme, n)
					i.Email, i.Role = u.Email, step.invited
					_, err := p.Invitations.Create(p.ctx, p.acme, i)
					p.ok(err, "Invitations.Create")
					m, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, false, "")
					p.ok(err, "InvitationFinder.Accept")
					p.equal(m.Role, step.want, "the role of %s who accepts %s", step.has,
						step.invited)
					p.noInvitation(i.Hash, "after it was accepted")
				}
			},
		},
		{
			name: "accept refuses another user",
			says: "[tenancy.CodeNotFound] if Find doesn't find the invitation, if no user has the" +
				" id u.ID, or if the user doesn't have the invitation's address.",
			prove: func(p *probe) {
				i, other, absent := p.invite(p.acme, 1), p.user(2), p.invitedUser(1)
				impostor := other
				impostor.Email = i.Email
				for name, u := range map[string]identity.User{"another": other,
					"another with this address": impostor, "an unknown user": absent,
					"no id": {ID: "x", Email: i.Email}} {
					_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, false, "")
					p.code(err, tenancy.CodeNotFound, "Accept as %s", name)
				}
				stranger := newUser(3)
				_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, stranger, true, "")
				p.code(err, tenancy.CodeNotFound, "Accept as a new user of another address")
				_, err = p.InvitationFinder.Accept(p.ctx, invitationHash(9), absent, true, "")
				p.code(err, tenancy.CodeNotFound, "Accept of no invitation")
				p.noUser(stranger.ID)
				p.noUser(absent.ID)
				p.findInvitation(i.Hash)
			},
		},
		{
			name: "failed accept changes nothing",
			says: "On an error nothing changes, and the invitation stays open.",
			prove: func(p *probe) {
				i, u := p.invite(p.acme, 1), p.invitedUser(1)
				_, err := p.Users.Create(p.ctx, u, "")
				p.ok(err, "Users.Create")
				again := u
				again.ID = userIDOf(9)
				_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, again, true, "")
				p.code(err, tenancy.CodeAlreadyExists,
					"Accept as a new user of an address that is taken")
				p.noUser(again.ID)
				p.equal(p.members(p.acme), []string{}, "acme's members")
				p.findInvitation(i.Hash)
				_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, u, false, "")
				p.ok(err, "Accept as the user")
			},
		},
	}
}

// invitedUser returns the user that the n-th invitation is for.
func (p *probe) invitedUser(n int) identity.User {
	u := newUser(n)
	u.Email = newInvitation(p.acme, n).Email
	return u
}

func (p *probe) findInvitation(hash tenancy.InvitationHash) tenancy.Invitation {
	found, err := p.InvitationFinder.Find(p.ctx, hash)
	p.ok(err, "InvitationFinder.Find")
	return found
}

func (p *probe) noInvitation(hash tenancy.InvitationHash, which string) {
	_, err := p.InvitationFinder.Find(p.ctx, hash)
	p.code(err, tenancy.CodeNotFound, "InvitationFinder.Find of a hash %s", which)
}

// refusedInvitation requires that Find and Accept refuse the invitation.
func (p *probe) refusedInvitation(i tenancy.Invitation, which string) {
	p.noInvitation(i.Hash, which)
	u := newUser(99)
	u.Email = i.Email
	_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true, "")
	p.code(err, tenancy.CodeNotFound, "InvitationFinder.Accept of an invitation %s", which)
	p.noUser(u.ID)
}
