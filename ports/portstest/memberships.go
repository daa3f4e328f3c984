package portstest

import (
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func membershipsOf() []contractCase {
	return []contractCase{
		{
			name: "memberships are in the order of tenants' ids",
			says: "ForUser returns the user's memberships in the order of the tenants' ids.",
			prove: func(p *probe) {
				one, two := p.user(1), p.user(2)
				for _, tenant := range []tenancy.ID{p.globex, p.acme, tenancy.DefaultID} {
					p.member(tenant, one, tenancy.Editor)
				}
				p.member(p.acme, two, tenancy.Admin)
				p.equal(p.tenantsOf(one.ID), []tenancy.ID{tenancy.DefaultID, p.acme, p.globex},
					"the tenants of the first user")
				found, err := p.Memberships.ForUser(p.ctx, two.ID)
				p.ok(err, "Memberships.Of")
				p.equal(len(found), 1, "the number of the second user's memberships")
				for _, m := range found {
					p.sameMember(m, tenancy.Membership{Tenant: p.acme, User: two.ID,
						Role: tenancy.Admin}, "the membership")
				}
			},
		},
		{
			name: "memberships of deleted tenants are left out",
			says: "It leaves out those of deleted tenants.",
			prove: func(p *probe) {
				u := p.user(1)
				p.member(p.acme, u, tenancy.Editor)
				p.member(p.globex, u, tenancy.Editor)
				p.setState(p.acme, tenancy.Deleted)
				p.setState(p.globex, tenancy.Suspended)
				p.equal(p.tenantsOf(u.ID), []tenancy.ID{p.globex}, "the tenants")
				p.setState(p.acme, tenancy.Active)
				p.equal(p.tenantsOf(u.ID), []tenancy.ID{p.acme, p.globex},
					"the tenants after acme was restored")
			},
		},
		{
			name: "unknown user has no memberships",
			says: "A user that doesn't exist has none.",
			prove: func(p *probe) {
				p.member(p.acme, p.user(1), tenancy.Viewer)
				for _, id := range []string{userIDOf(9), "", "unknown"} {
					p.equal(p.tenantsOf(id), []tenancy.ID{}, "the tenants of %q", id)
				}
			},
		},
	}
}

func (p *probe) tenantsOf(user string) []tenancy.ID {
	found, err := p.Memberships.ForUser(p.ctx, user)
	p.ok(err, "Memberships.Of(%q)", user)
	ids := []tenancy.ID{}
	for _, m := range found {
		ids = append(ids, m.Tenant)
	}
	return ids
}
