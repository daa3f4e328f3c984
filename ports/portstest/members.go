package portstest

import (
	"errors"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

func membersSuite() []contractCase {
	return slices.Concat(membersRead(), membersPut(), membersChange(), membersRemove(),
		membershipsOf(), membershipsSearch(),
		membersAudit())
}

func membersRead() []contractCase {
	return []contractCase{
		{
			name: "get returns one tenant's member",
			says: "Get returns a user's membership; [tenancy.CodeNotFound] if the user has none" +
				" in the tenant, even if they have one in another tenant.",
			isolates: []string{"Members.Get"},
			prove: func(p *probe) {
				u := p.user(1)
				want := p.member(p.acme, u, tenancy.Editor)
				got, err := p.Members.Get(p.ctx, p.acme, u.ID)
				p.ok(err, "Members.Get")
				p.sameMember(got, want, "the result of Get")
				for _, at := range []struct {
					tenant tenancy.ID
					user   string
				}{{p.globex, u.ID}, {p.acme, userIDOf(9)}, {p.acme, ""}, {p.acme, "unknown"}} {
					_, err := p.Members.Get(p.ctx, at.tenant, at.user)
					p.code(err, tenancy.CodeNotFound, "Members.Get(%q)", at.user)
				}
			},
		},
		{
			name:     "list returns one tenant's members",
			says:     "List returns at most limit of the tenant's memberships",
			isolates: []string{"Members.List"},
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.member(p.acme, one, tenancy.Admin)
				p.member(p.globex, one, tenancy.Viewer)
				p.member(p.globex, two, tenancy.Editor)
				p.equal(p.members(p.acme), []string{"1 admin"}, "acme's members")
				p.equal(p.members(p.globex), []string{"1 viewer", "2 editor"}, "globex's members")
				p.equal(p.members(tenancy.DefaultID), []string{}, "the default tenant's members")
				for _, limit := range []int{0, -1} {
					_, err := p.Members.List(p.ctx, p.acme, "", limit)
					p.code(err, tenancy.CodeInvalid, "Members.List with limit %d", limit)
				}
			},
		},
		{
			name: "list pages in the order of users' ids",
			says: "whose users' ids are greater than after (\"\" for the first page), in the" +
				" order of the users' ids.",
			prove: func(p *probe) {
				for _, n := range []int{4, 2, 5, 1, 3} {
					p.member(p.acme, p.user(n), tenancy.Viewer)
				}
				pages := []int{}
				var all []string
				for after := ""; len(pages) < 4; {
					found, err := p.Members.List(p.ctx, p.acme, after, 2)
					p.ok(err, "Members.List after %q", after)
					pages = append(pages, len(found))
					for _, m := range found {
						after = m.User
						all = append(all, m.User)
					}
				}
				p.equal(pages, []int{2, 2, 1, 0}, "the sizes of pages of two")
				p.equal(all, []string{userIDOf(1), userIDOf(2), userIDOf(3), userIDOf(4),
					userIDOf(5)}, "the members")
			},
		},
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				u := p.user(1)
				p.member(p.acme, u, tenancy.Viewer)
				_, err := p.Members.Get(p.ctx, tenancy.ID{}, u.ID)
				p.code(err, tenancy.CodeNoTenant, "Get")
				_, err = p.Members.List(p.ctx, tenancy.ID{}, "", 10)
				p.code(err, tenancy.CodeNoTenant, "List")
				_, _, err = p.Members.Put(p.ctx, tenancy.ID{}, u.ID, tenancy.Admin)
				p.code(err, tenancy.CodeNoTenant, "Put")
				p.code(p.Members.Remove(p.ctx, tenancy.ID{}, u.ID), tenancy.CodeNoTenant, "Remove")
				p.equal(p.tenantsOf(u.ID), []tenancy.ID{p.acme}, "the tenants of the user")
			},
		},
	}
}

func membersPut() []contractCase {
	return []contractCase{
		{
			name: "put adds, then changes",
			says: "Put gives the user the role in the tenant, and returns the membership and" +
				" whether it is new.",
			isolates: []string{"Members.Put"},
			prove: func(p *probe) {
				u := p.user(1)
				p.member(p.globex, u, tenancy.Viewer)
				for i, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin} {
					m, created, err := p.Members.Put(p.ctx, p.acme, u.ID, role)
					p.ok(err, "Members.Put")
					p.equal(created, i == 0, "whether the membership is new")
					p.sameMember(m, tenancy.Membership{Tenant: p.acme, User: u.ID, Role: role},
						"the result of Put")
					p.equal(p.members(p.acme), []string{"1 " + string(role)}, "acme's members")
				}
				p.equal(p.members(p.globex), []string{"1 viewer"}, "globex's members")
			},
		},
		{
			name: "put keeps CreatedAt",
			says: "CreatedAt is set once.",
			prove: func(p *probe) {
				u := p.user(1)
				first := p.member(p.acme, u, tenancy.Viewer)
				p.recent(first.CreatedAt, "CreatedAt")
				changed := p.member(p.acme, u, tenancy.Editor)
				p.equal(changed.CreatedAt.Equal(first.CreatedAt), true, "whether CreatedAt stays")
			},
		},
		{
			name: "put of the same role changes nothing",
			says: "A role that the user has already changes nothing.",
			prove: func(p *probe) {
				u := p.user(1)
				first := p.member(p.acme, u, tenancy.Admin)
				again, created, err := p.Members.Put(p.ctx, p.acme, u.ID, tenancy.Admin)
				p.ok(err, "Members.Put of the same role")
				p.equal(created, false, "whether the membership is new")
				p.equal(again, first, "the membership")
			},
		},
		{
			name: "put refuses an invalid role and an unknown user",
			says: "A role that [tenancy.CheckMemberRole] refuses is [tenancy.CodeInvalid]; a user" +
				" that doesn't exist is [tenancy.CodeNotFound].",
			prove: func(p *probe) {
				u := p.user(1)
				for _, role := range []tenancy.Role{"", "owner", tenancy.Replicator} {
					_, _, err := p.Members.Put(p.ctx, p.acme, u.ID, role)
					p.code(err, tenancy.CodeInvalid, "Put of the role %q", role)
				}
				for _, id := range []string{userIDOf(9), "", "unknown"} {
					_, _, err := p.Members.Put(p.ctx, p.acme, id, tenancy.Viewer)
					p.code(err, tenancy.CodeNotFound, "Put of the user %q", id)
				}
				p.equal(p.members(p.acme), []string{}, "acme's members")
			},
		},
		{
			name: "put refuses to demote the only admin",
			says: "If the user is the only admin and would lose that role, nothing changes:" +
				" [tenancy.CodeLastAdmin].",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.member(p.acme, one, tenancy.Admin)
				p.member(p.globex, two, tenancy.Admin) // of another tenant, so no second one
				for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor} {
					_, _, err := p.Members.Put(p.ctx, p.acme, one.ID, role)
					p.code(err, tenancy.CodeLastAdmin, "Put of the only admin as %s", role)
				}
				p.equal(p.members(p.acme), []string{"1 admin"}, "acme's members")
				p.member(p.acme, two, tenancy.Admin)
				p.member(p.acme, one, tenancy.Viewer)
				p.equal(p.members(p.acme), []string{"1 viewer", "2 admin"}, "acme's members")
			},
		},
		{
			name: "concurrent changes leave the last admin",
			says: "After any number of changes at once, the last admin remains.",
			prove: func(p *probe) {
				all := make([]identity.User, 50)
				for i := range all {
					all[i] = p.user(i)
					p.member(p.acme, all[i], tenancy.Admin)
				}
				errs := atOnce(len(all), func(i int) error {
					if i%2 == 0 {
						return p.Members.Remove(p.ctx, p.acme, all[i].ID)
					}
					_, _, err := p.Members.Put(p.ctx, p.acme, all[i].ID, tenancy.Viewer)
					return err
				})
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": len(all) - 1, tenancy.CodeLastAdmin: 1},
					"the codes of 50 calls at once")
				admins := 0
				for _, m := range p.members(p.acme) {
					if strings.HasSuffix(m, " admin") {
						admins++
					}
				}
				p.equal(admins, 1, "the number of remaining admins")
			},
		},
	}
}

func membersRemove() []contractCase {
	return []contractCase{
		{
			name:     "remove ends one membership",
			says:     "Remove removes the user's membership in the tenant.",
			isolates: []string{"Members.Remove"},
			prove: func(p *probe) {
				u := p.user(1)
				p.member(p.acme, u, tenancy.Viewer)
				p.member(p.globex, u, tenancy.Viewer)
				p.ok(p.Members.Remove(p.ctx, p.acme, u.ID), "Members.Remove")
				p.equal(p.members(p.acme), []string{}, "acme's members")
				p.equal(p.members(p.globex), []string{"1 viewer"}, "globex's members")
				p.sameUser(p.getUser(u.ID), u, "the user")
			},
		},
		{
			name: "remove refuses the only admin",
			says: "[tenancy.CodeLastAdmin] if the user is the only admin, as with Put;",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				p.member(p.acme, one, tenancy.Admin)
				p.member(p.acme, two, tenancy.Editor)
				p.member(p.globex, two, tenancy.Admin)
				p.code(p.Members.Remove(p.ctx, p.acme, one.ID), tenancy.CodeLastAdmin,
					"Remove of the only admin")
				p.ok(p.Members.Remove(p.ctx, p.acme, two.ID), "Remove of an editor")
				p.equal(p.members(p.acme), []string{"1 admin"}, "acme's members")
			},
		},
		{
			name: "remove refuses another tenant's member",
			says: "[tenancy.CodeNotFound] if the user has none in the tenant, even if they have" +
				" one in another tenant.",
			prove: func(p *probe) {
				u := p.user(1)
				p.member(p.acme, u, tenancy.Viewer)
				for _, id := range []string{u.ID, userIDOf(9), "", "unknown"} {
					p.code(p.Members.Remove(p.ctx, p.globex, id), tenancy.CodeNotFound,
						"Remove by globex of %q", id)
				}
				p.equal(p.members(p.acme), []string{"1 viewer"}, "acme's members")
			},
		},
	}
}

func membersChange() []contractCase {
	return []contractCase{
		{
			name: "change adds no member",
			says: "Change gives a member another role, as Put does, but adds no member:" +
				" [tenancy.CodeNotFound] if the user has no membership in the tenant, whether" +
				" such a user exists or not.",
			isolates: []string{"Members.Change"},
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				before := p.member(p.acme, one, tenancy.Viewer)
				p.member(p.globex, two, tenancy.Viewer)
				changed, err := p.Members.Change(p.ctx, p.acme, one.ID, tenancy.Editor)
				p.ok(err, "Members.Change")
				before.Role = tenancy.Editor
				p.sameMember(changed, before, "the result of Change")
				p.equal(changed.CreatedAt.Equal(before.CreatedAt), true, "CreatedAt is kept")
				var messages []string
				for _, id := range []string{two.ID, p.user(3).ID, userIDOf(9), "", "unknown"} {
					_, err := p.Members.Change(p.ctx, p.acme, id, tenancy.Editor)
					p.code(err, tenancy.CodeNotFound, "Change of %q", id)
					if err != nil {
						messages = append(messages, err.Error())
					}
				}
				p.equal(len(slices.Compact(messages)), 1, "the number of different errors")
				p.equal(p.members(p.acme), []string{"1 editor"}, "acme's members")
				p.equal(p.members(p.globex), []string{"2 viewer"}, "globex's members")
			},
		},
		{
			name: "change keeps the last admin",
			says: "Change gives a member another role, as Put does",
			prove: func(p *probe) {
				p.member(p.acme, p.user(1), tenancy.Admin)
				_, err := p.Members.Change(p.ctx, p.acme, userIDOf(1), tenancy.Editor)
				p.code(err, tenancy.CodeLastAdmin, "Change of the only admin")
				_, err = p.Members.Change(p.ctx, p.acme, userIDOf(1), tenancy.Replicator)
				p.code(err, tenancy.CodeInvalid, "Change to replicator")
				_, err = p.Members.Change(p.ctx, tenancy.ID{}, userIDOf(1), tenancy.Admin)
				p.code(err, tenancy.CodeNoTenant, "Change in no tenant")
				p.equal(p.members(p.acme), []string{"1 admin"}, "acme's members")
			},
		},
	}
}

func (p *probe) member(tenant tenancy.ID, u identity.User, role tenancy.Role) tenancy.Membership {
	m, _, err := p.Members.Put(p.ctx, tenant, u.ID, role)
	p.ok(err, "Members.Put(%s, %s)", u.ID, role)
	return m
}

// members lists a tenant's members as the user's number and the role.
func (p *probe) members(tenant tenancy.ID) []string {
	found, err := p.Members.List(p.ctx, tenant, "", 100)
	p.ok(err, "Members.List")
	all := []string{}
	for _, m := range found {
		p.equal(m.Tenant, tenant, "the tenant of a listed member")
		n := strings.TrimLeft(strings.TrimPrefix(m.User, "01900000-0000-7000-9000-"), "0")
		all = append(all, n+" "+string(m.Role))
	}
	return all
}

// sameMember compares all but the time.
func (p *probe) sameMember(got, want tenancy.Membership, what string) {
	if got.Tenant != want.Tenant || got.User != want.User || got.Role != want.Role {
		p.fail("%s = %+v; want %+v", what, got, want)
	}
}

// errorMembers returns the additional members of an error.
func errorMembers(err error) map[string]any {
	if e, ok := errors.AsType[*tenancy.Error](err); ok {
		return e.Members
	}
	return nil
}
