package portstest

import (
	"fmt"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func invitationsSuite() []contractCase {
	return slices.Concat(invitationsWrite(), invitationsList(), invitationsFind(),
		invitationsAccept(), invitationsAudit())
}

func invitationsWrite() []contractCase {
	return []contractCase{
		{
			name: "create refuses another tenant's invitation",
			says: "Create stores i for tenant, which must equal i.Tenant, else" +
				" [tenancy.CodeTenantMismatch]. It sets CreatedAt.",
			isolates: []string{"Invitations.Create"},
			prove: func(p *probe) {
				input := newInvitation(p.acme, 1)
				input.Role, input.CreatedAt = tenancy.Admin, time.Unix(1, 0)
				made, err := p.Invitations.Create(p.ctx, p.acme, input)
				p.ok(err, "Invitations.Create")
				p.sameInvitation(made, input, "the result of Create")
				p.recent(made.CreatedAt, "CreatedAt")
				p.sameInvitation(p.findInvitation(input.Hash), input, "the result of Find")
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
				p.noInvitation(former.Hash, "of the replaced invitation")
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
					p.code(err, tenancy.CodeAlreadyExists, "Create with a hash that exists")
					_, err = p.Invitations.Create(p.ctx, tenant, sameID)
					p.code(err, tenancy.CodeAlreadyExists, "Create with an id that exists")
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

func invitationsList() []contractCase {
	return []contractCase{
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
