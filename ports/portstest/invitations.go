package portstest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func invitationsSuite() []clause {
	return slices.Concat(invitationsWrite(), invitationsList(), invitationsFind(),
		invitationsAccept(), invitationsAudit())
}

func invitationsWrite() []clause {
	return []clause{
		{
			name: "create refuses another tenant's invitation",
			says: "Create stores i for tenant, which must equal i.Tenant, else" +
				" [tenancy.CodeTenantMismatch]. It sets CreatedAt.",
			isolates: []string{"Invitations.Create"},
			prove: func(p *probe) {
				given := newInvitation(p.acme, 1)
				given.Role, given.CreatedAt = tenancy.Admin, time.Unix(1, 0)
				made, err := p.Invitations.Create(p.ctx, p.acme, given)
				p.ok(err, "Invitations.Create")
				p.sameInvitation(made, given, "what Create answers")
				p.recent(made.CreatedAt, "CreatedAt")
				p.sameInvitation(p.findInvitation(given.Hash), given, "what Find answers")
				foreign := newInvitation(p.globex, 2)
				_, err = p.Invitations.Create(p.ctx, p.acme, foreign)
				p.code(err, tenancy.CodeTenantMismatch,
					"Create for acme of an invitation of globex")
				p.noInvitation(foreign.Hash, "after Create refused it")
				p.equal(p.invitations(p.globex), []string{}, "globex's invitations")
			},
		},
		{
			name: "new invitation replaces the address's former one",
			says: "It replaces the tenant's other invitation to the same address, which is" +
				" removed.",
			prove: func(p *probe) {
				former, other := p.invite(p.acme, 1), p.invite(p.globex, 2)
				again := newInvitation(p.acme, 3)
				again.Email = former.Email
				_, err := p.Invitations.Create(p.ctx, p.acme, again)
				p.ok(err, "Invitations.Create")
				p.noInvitation(former.Hash, "of the former")
				p.findInvitation(again.Hash)
				elsewhere := newInvitation(p.globex, 4)
				elsewhere.Email = former.Email
				_, err = p.Invitations.Create(p.ctx, p.globex, elsewhere)
				p.ok(err, "Invitations.Create of another tenant")
				for _, i := range []tenancy.Invitation{again, other, elsewhere} {
					p.findInvitation(i.Hash)
				}
			},
		},
		{
			name: "existing id or hash is refused",
			says: "A hash or an id that exists already, in any tenant, is" +
				" [tenancy.CodeAlreadyExists].",
			prove: func(p *probe) {
				first := p.invite(p.acme, 1)
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					sameHash, sameID := newInvitation(tenant, 2), newInvitation(tenant, 3)
					sameHash.Hash, sameID.ID = first.Hash, first.ID
					_, err := p.Invitations.Create(p.ctx, tenant, sameHash)
					p.code(err, tenancy.CodeAlreadyExists, "Create with a hash that is there")
					_, err = p.Invitations.Create(p.ctx, tenant, sameID)
					p.code(err, tenancy.CodeAlreadyExists, "Create with an id that is there")
				}
				p.sameInvitation(p.findInvitation(first.Hash), first, "the first invitation")
			},
		},
		{
			name: "revoke removes only the tenant's own invitation",
			says: "Revoke removes an invitation. [tenancy.CodeNotFound] if the tenant has no such" +
				" invitation, even if another tenant has it.",
			isolates: []string{"Invitations.Revoke"},
			prove: func(p *probe) {
				i := p.invite(p.acme, 1)
				p.code(p.Invitations.Revoke(p.ctx, p.globex, i.ID), tenancy.CodeNotFound,
					"Revoke by globex")
				for _, id := range []string{keyID(9), "", "none"} {
					p.code(p.Invitations.Revoke(p.ctx, p.acme, id), tenancy.CodeNotFound,
						"Revoke(%q)", id)
				}
				p.findInvitation(i.Hash)
				p.ok(p.Invitations.Revoke(p.ctx, p.acme, i.ID), "Revoke")
				p.noInvitation(i.Hash, "after Revoke")
				p.code(p.Invitations.Revoke(p.ctx, p.acme, i.ID), tenancy.CodeNotFound,
					"Revoke again")
			},
		},
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				i := p.invite(p.acme, 1)
				_, err := p.Invitations.Create(p.ctx, tenancy.ID{}, newInvitation(tenancy.ID{}, 2))
				p.code(err, tenancy.CodeNoTenant, "Create")
				_, err = p.Invitations.List(p.ctx, tenancy.ID{}, "", 10)
				p.code(err, tenancy.CodeNoTenant, "List")
				p.code(p.Invitations.Revoke(p.ctx, tenancy.ID{}, i.ID), tenancy.CodeNoTenant,
					"Revoke")
				p.findInvitation(i.Hash)
			},
		},
	}
}

func invitationsList() []clause {
	return []clause{
		{
			name:     "list returns one tenant's invitations",
			says:     "It leaves Hash zero.",
			isolates: []string{"Invitations.List"},
			prove: func(p *probe) {
				p.invite(p.acme, 1)
				p.invite(p.globex, 2)
				p.invite(p.acme, 3)
				p.equal(p.invitations(p.acme),
					[]string{"invited1@example.com", "invited3@example.com"}, "acme's invitations")
				p.equal(p.invitations(p.globex), []string{"invited2@example.com"},
					"globex's invitations")
			},
		},
		{
			name: "list pages in the order of ids",
			says: "List returns at most limit of the tenant's invitations, expired ones too," +
				" whose ids are greater than after (\"\" for the first page), in the order of" +
				" their ids.",
			prove: func(p *probe) {
				for _, n := range []int{4, 2, 5, 1, 3} {
					i := newInvitation(p.acme, n)
					if n == 3 {
						i.ExpiresAt = time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
					}
					_, err := p.Invitations.Create(p.ctx, p.acme, i)
					p.ok(err, "Invitations.Create")
				}
				pages := []int{}
				var all []string
				for after := ""; len(pages) < 4; {
					found, err := p.Invitations.List(p.ctx, p.acme, after, 2)
					p.ok(err, "Invitations.List after %q", after)
					pages = append(pages, len(found))
					for _, i := range found {
						after = i.ID
						all = append(all, i.ID)
					}
				}
				p.equal(pages, []int{2, 2, 1, 0}, "the sizes of pages of two")
				p.equal(all, []string{keyID(1), keyID(2), keyID(3), keyID(4), keyID(5)},
					"the invitations")
				for _, limit := range []int{0, -1} {
					_, err := p.Invitations.List(p.ctx, p.acme, "", limit)
					p.code(err, tenancy.CodeInvalid, "Invitations.List with limit %d", limit)
				}
			},
		},
	}
}

func invitationsFind() []clause {
	return []clause{
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
					_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, p.invited(1), true)
					p.code(err, tenancy.CodeNotFound, "Accept")
				}
				p.setState(p.acme, tenancy.Active)
				p.findInvitation(i.Hash)
			},
		},
		{
			name: "find needs an inviter who may still invite",
			says: "The platform may invite, a user who is an admin of the tenant or a" +
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
				p.deadInvitation(byUser, "of a former admin")
				_, err := p.Users.Update(p.ctx, admin.ID, ports.UserChange{SuperAdmin: &yes})
				p.ok(err, "Users.Update")
				p.findInvitation(byUser.Hash)
				_, err = p.Users.Update(p.ctx, admin.ID, ports.UserChange{SuperAdmin: &no})
				p.ok(err, "Users.Update")
				p.member(p.globex, admin, tenancy.Admin)
				p.deadInvitation(byUser, "of an admin of another tenant")

				for n, k := range map[int]tenancy.APIKey{
					2: {Tenant: p.acme, Role: tenancy.Editor},
					3: {Tenant: p.globex, Role: tenancy.Admin},
					4: {Tenant: p.acme, Role: tenancy.Admin,
						ExpiresAt: time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)},
				} {
					k.ID, k.Hash, k.Name = keyID(n), keyHash(n), "key"
					_, err := p.Keys.Create(p.ctx, k.Tenant, k)
					p.ok(err, "Keys.Create")
					p.deadInvitation(p.inviteAs(p.acme, n,
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
				p.deadInvitation(byKey, "of a revoked key")

				for n, kind := range []tenancy.PrincipalKind{"", tenancy.SystemActor,
					tenancy.AnonymousActor, "host"} {
					p.deadInvitation(p.inviteAs(p.acme, 6+n,
						tenancy.Actor{Kind: kind, ID: admin.ID}), "of "+string(kind))
				}
				p.deadInvitation(p.inviteAs(p.acme, 12,
					tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "somebody of the host's"}),
					"of nobody")
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

func invitationsAccept() []clause {
	return []clause{
		{
			name: "accept makes a user a member",
			says: "Accept removes the invitation with this hash and gives the user its role in" +
				" its tenant, in one transaction:",
			prove: func(p *probe) {
				i := p.inviteAs(p.acme, 1, platform)
				other := p.inviteAs(p.globex, 2, platform)
				u := p.invited(1)
				_, err := p.Users.Create(p.ctx, u)
				p.ok(err, "Users.Create")
				m, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, false)
				p.ok(err, "InvitationFinder.Accept")
				p.sameMember(m, tenancy.Membership{Tenant: p.acme, User: u.ID,
					Role: tenancy.Editor}, "what Accept answers")
				p.equal(p.tenantsOf(u.ID), []tenancy.ID{p.acme}, "the user's tenants")
				p.noInvitation(i.Hash, "after it was accepted")
				p.equal(p.invitations(p.acme), []string{}, "acme's invitations")
				p.findInvitation(other.Hash)
				_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, u, false)
				p.code(err, tenancy.CodeNotFound, "Accept again")
			},
		},
		{
			name: "accept creates a new user",
			says: "With newUser it stores the user first, as [Users.Create] does.",
			prove: func(p *probe) {
				i, u := p.invite(p.acme, 1), p.invited(1)
				u.Email = strings.ToUpper(u.Email)
				m, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true)
				p.ok(err, "InvitationFinder.Accept")
				p.sameMember(m, tenancy.Membership{Tenant: p.acme, User: u.ID,
					Role: tenancy.Editor}, "what Accept answers")
				u.Email = strings.ToLower(u.Email)
				p.sameUser(p.getUser(u.ID), u, "the new user")
			},
		},
		{
			name: "concurrent accepts succeed once",
			says: "of any number of calls at once, one succeeds.",
			prove: func(p *probe) {
				i := p.invite(p.acme, 1)
				errs := atOnce(20, func(n int) error {
					u := p.invited(n)
					u.Email = i.Email
					_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true)
					return err
				})
				p.equal(countCodes(errs)[""], 1, "how many of 20 succeed")
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
					i, u := p.invite(p.acme, n), p.invited(n)
					_, err := p.Users.Create(p.ctx, u)
					p.ok(err, "Users.Create")
					errs := atOnce(2, func(k int) (err error) {
						if k == 0 {
							_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, u, false)
						} else {
							_, _, err = p.Members.Put(p.ctx, p.acme, u.ID, tenancy.Editor)
						}
						return err
					})
					p.equal(countCodes(errs), map[tenancy.Code]int{"": 2}, "the codes")
					p.noInvitation(i.Hash, "after it was accepted")
				}
				p.equal(len(p.members(p.acme)), 8, "the number of acme's members")
				p.verified(p.acme)
			},
		},
		{
			name: "accept never lowers a role",
			says: "A member keeps a role that includes the invitation's.",
			prove: func(p *probe) {
				u := p.invited(1)
				_, err := p.Users.Create(p.ctx, u)
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
					m, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, false)
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
				i, other, absent := p.invite(p.acme, 1), p.user(2), p.invited(1)
				liar := other
				liar.Email = i.Email
				for name, u := range map[string]identity.User{"another": other,
					"another who says so": liar, "nobody": absent,
					"no id": {ID: "x", Email: i.Email}} {
					_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, false)
					p.code(err, tenancy.CodeNotFound, "Accept as %s", name)
				}
				stranger := newUser(3)
				_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, stranger, true)
				p.code(err, tenancy.CodeNotFound, "Accept as a new user of another address")
				_, err = p.InvitationFinder.Accept(p.ctx, invitationHash(9), absent, true)
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
				i, u := p.invite(p.acme, 1), p.invited(1)
				_, err := p.Users.Create(p.ctx, u)
				p.ok(err, "Users.Create")
				again := u
				again.ID = userIDOf(9)
				_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, again, true)
				p.code(err, tenancy.CodeAlreadyExists,
					"Accept as a new user of an address that is taken")
				p.noUser(again.ID)
				p.equal(p.members(p.acme), []string{}, "acme's members")
				p.findInvitation(i.Hash)
				_, err = p.InvitationFinder.Accept(p.ctx, i.Hash, u, false)
				p.ok(err, "Accept as the user")
			},
		},
	}
}

var platform = tenancy.Actor{Kind: tenancy.PlatformToken, Name: "platform"}

// newInvitation makes the n-th invitation, by the platform.
func newInvitation(tenant tenancy.ID, n int) tenancy.Invitation {
	return tenancy.Invitation{
		ID: keyID(n), Tenant: tenant, Email: fmt.Sprintf("invited%d@example.com", n),
		Role: tenancy.Editor, Hash: invitationHash(n),
		InvitedBy: platform, ExpiresAt: time.Date(2100, 1, 2, 3, 4, 5, 678901000, time.UTC),
	}
}

func invitationHash(n int) tenancy.InvitationHash { return tenancy.InvitationHash(keyHash(n + 1)) }

func (p *probe) invite(tenant tenancy.ID, n int) tenancy.Invitation {
	return p.inviteAs(tenant, n, platform)
}

func (p *probe) inviteAs(tenant tenancy.ID, n int, by tenancy.Actor) tenancy.Invitation {
	i := newInvitation(tenant, n)
	i.InvitedBy = by
	made, err := p.Invitations.Create(p.ctx, tenant, i)
	p.ok(err, "Invitations.Create(%d)", n)
	made.Hash = i.Hash
	return made
}

// invited is the person that the n-th invitation is for.
func (p *probe) invited(n int) identity.User {
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

// deadInvitation wants one neither to be found nor to be accepted.
func (p *probe) deadInvitation(i tenancy.Invitation, which string) {
	p.noInvitation(i.Hash, which)
	u := newUser(99)
	u.Email = i.Email
	_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true)
	p.code(err, tenancy.CodeNotFound, "InvitationFinder.Accept of an invitation %s", which)
	p.noUser(u.ID)
}

// invitations lists the addresses of a tenant's invitations.
func (p *probe) invitations(tenant tenancy.ID) []string {
	found, err := p.Invitations.List(p.ctx, tenant, "", 100)
	p.ok(err, "Invitations.List")
	emails := []string{}
	for _, i := range found {
		p.equal(i.Tenant, tenant, "the tenant of a listed invitation")
		p.equal(i.Hash, tenancy.InvitationHash{}, "the hash of a listed invitation")
		emails = append(emails, i.Email)
	}
	return emails
}

// sameInvitation compares all but the hash and CreatedAt.
func (p *probe) sameInvitation(got, want tenancy.Invitation, what string) {
	got.Hash, got.CreatedAt, want.CreatedAt, want.Hash = tenancy.InvitationHash{}, time.Time{},
		time.Time{}, tenancy.InvitationHash{}
	p.equal(got, want, "%s", what)
}
