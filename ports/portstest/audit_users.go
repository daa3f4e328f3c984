package portstest

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// usersAudit proves in which audit log a write to users is recorded, and with which
// actor.
func usersAudit() []contractCase {
	return []contractCase{
		{
			name: "writes are in the audit log",
			says: "Each write is in the platform's audit log: user.create, user.update," +
				" user.remove, and password.set for a password.",
			prove: func(p *probe) {
				u, yes, hash := newUser(1), true, "$secret$2"
				_, err := p.Users.Create(p.asUser("root"), u, "$secret$1")
				p.ok(err, "Users.Create")
				_, err = p.Users.Create(p.asUser("root"), u, "")
				p.code(err, tenancy.CodeAlreadyExists, "Users.Create again")
				_, err = p.Users.Update(p.asUser("root"), u.ID,
					ports.UserChange{SuperAdmin: &yes, PasswordHash: &hash})
				p.ok(err, "Users.Update")
				for _, e := range p.allEntries(ports.AuditFilter{Action: "user.update"}) {
					p.equal(sameJSON(e.Details,
						[]byte(`{"super_admin":{"before":false,"after":true},"reason":"because"}`)),
						true, "whether the details %s are the change", e.Details)
				}
				p.ok(p.Users.Remove(p.asUser("root"), u.ID), "Users.Remove")
				p.code(p.Users.Remove(p.asUser("root"), u.ID), tenancy.CodeNotFound,
					"Users.Remove again")
				p.equal(p.userActions(tenancy.ID{}),
					[]string{"user.create 1 root", "password.set 1 root", "user.update 1 root",
						"password.set 1 root", "user.remove 1 root"}, "the platform's log")
				p.wantNotLogged("$secret$")
			},
		},
		{
			name: "removal is in the tenants' audit logs",
			says: "each tenant's audit log gets an entry member.remove.",
			prove: func(p *probe) {
				u := p.user(1)
				p.member(p.acme, u, tenancy.Viewer)
				p.member(p.globex, u, tenancy.Editor)
				p.ok(p.Users.Remove(p.asUser("root"), u.ID), "Users.Remove")
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					p.equal(p.userActions(tenant),
						[]string{"member.add 1 ", "member.remove 1 root"},
						"the tenant's log")
					p.verifyChain(tenant)
				}
				p.equal(p.userActions(tenancy.DefaultID), []string{}, "the default tenant's log")
			},
		},
	}
}

func membersAudit() []contractCase {
	return []contractCase{{
		name: "writes are in the audit log",
		says: "Each write is in the tenant's audit log: member.add, member.update, member.remove.",
		prove: func(p *probe) {
			one, two := p.user(1), p.user(2)
			for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Admin, tenancy.Admin} {
				_, _, err := p.Members.Put(p.asUser("ada"), p.acme, one.ID, role)
				p.ok(err, "Members.Put")
			}
			_, _, err := p.Members.Put(p.asUser("ada"), p.acme, one.ID, tenancy.Viewer)
			p.code(err, tenancy.CodeLastAdmin, "Members.Put of the only admin")
			p.code(p.Members.Remove(p.asUser("ada"), p.acme, one.ID), tenancy.CodeLastAdmin,
				"Members.Remove of the only admin")
			_, _, err = p.Members.Put(p.asUser("ada"), p.acme, two.ID, tenancy.Viewer)
			p.ok(err, "Members.Put")
			p.ok(p.Members.Remove(p.asUser("ada"), p.acme, two.ID), "Members.Remove")
			p.equal(p.userActions(p.acme), []string{"member.add 1 ada", "member.update 1 ada",
				"member.add 2 ada", "member.remove 2 ada"}, "acme's log")
			p.equal(p.userActions(p.globex), []string{}, "globex's log")
		},
	}}
}

func invitationsAudit() []contractCase {
	return []contractCase{
		{
			name: "writes are in the audit log",
			says: "Each write is in the tenant's audit log: invitation.create, invitation.revoke.",
			prove: func(p *probe) {
				i := newInvitation(p.acme, 1)
				_, err := p.Invitations.Create(p.asUser("ada"), p.acme, i)
				p.ok(err, "Invitations.Create")
				p.ok(p.Invitations.Revoke(p.asUser("ada"), p.acme, i.ID), "Invitations.Revoke")
				p.code(p.Invitations.Revoke(p.asUser("ada"), p.acme, i.ID), tenancy.CodeNotFound,
					"Invitations.Revoke again")
				p.equal(p.userActions(p.acme), []string{"invitation.create " + i.ID + " ada",
					"invitation.revoke " + i.ID + " ada"}, "acme's log")
				for _, e := range p.log(p.acme, ports.AuditFilter{}) {
					p.equal(strings.Contains(string(e.Text), "hash"), false,
						"whether the entry %s has a hash", e.Text)
				}
			},
		},
		{
			name: "acceptance is in the audit logs",
			says: "The audit logs name the user as the actor: invitation.accept, member.add or" +
				" member.update, user.create, password.set.",
			prove: func(p *probe) {
				i, u := p.invite(p.acme, 1), p.invitedUser(1)
				_, err := p.InvitationFinder.Accept(p.ctx, i.Hash, u, true, "$secret$1")
				p.ok(err, "InvitationFinder.Accept")
				again := newInvitation(p.acme, 2)
				again.Email, again.Role = u.Email, tenancy.Admin
				_, err = p.Invitations.Create(p.ctx, p.acme, again)
				p.ok(err, "Invitations.Create")
				_, err = p.InvitationFinder.Accept(p.asUser("else"), again.Hash, u, false, "")
				p.ok(err, "InvitationFinder.Accept")
				p.equal(p.userActions(p.acme), []string{
					"invitation.create " + i.ID + " ", "invitation.accept " + i.ID + " " + u.ID,
					"member.add 1 " + u.ID,
					"invitation.create " + again.ID + " ", "invitation.accept " + again.ID + " " +
						u.ID, "member.update 1 " + u.ID,
				}, "acme's log")
				p.equal(p.userActions(tenancy.ID{}), []string{
					"user.create 1 " + u.ID, "password.set 1 " + u.ID,
				}, "the platform's log")
				p.wantNotLogged("$secret$")
				p.verifyChain(p.acme)
			},
		},
	}
}

// userActions lists the entries about users, members, invitations and passwords in a tenant's
// log, or in the platform's log for the zero ID: action, target and the actor's id,
// oldest first. A user's id is reduced to their number.
func (p *probe) userActions(tenant tenancy.ID) []string {
	entries := p.allEntries(ports.AuditFilter{})
	if !tenant.IsZero() {
		entries = p.log(tenant, ports.AuditFilter{})
	}
	all := []string{}
	for _, e := range slices.Backward(entries) {
		noun, _, _ := strings.Cut(e.Action, ".")
		if e.Tenant == tenant &&
			slices.Contains([]string{"user", "member", "invitation", "password"}, noun) {
			target := strings.TrimLeft(
				strings.TrimPrefix(e.Target.Name, "01900000-0000-7000-9000-"), "0")
			if noun == "invitation" {
				target = e.Target.Name
			}
			all = append(all, e.Action+" "+target+" "+e.Actor.ID)
		}
	}
	return all
}
