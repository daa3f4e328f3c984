package portstest

import (
	"cmp"

	"github.com/bailiwick-go/bailiwick/ports"
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

// membershipsSearch has the user 1 as a member of all tenants, and the user 2 of globex.
func membershipsSearch() []contractCase {
	type query = ports.MembershipQuery
	setUp := func(p *probe) (one, two string) {
		first, second := p.user(1), p.user(2)
		for _, tenant := range []tenancy.ID{p.globex, p.acme, tenancy.DefaultID} {
			p.member(tenant, first, tenancy.Editor)
		}
		p.member(p.globex, second, tenancy.Viewer)
		return first.ID, second.ID
	}
	return []contractCase{
		{
			name: "search returns tenants with roles in the order of slugs",
			says: "Search returns at most q.Limit of the user's tenants that match q, each with the" +
				" user's role in it, in the order of the tenants' slugs, byte by byte.",
			prove: func(p *probe) {
				one, two := setUp(p)
				p.equal(p.searchTenants(one, query{}), []tenancy.Slug{"acme", "default", "globex"},
					"all tenants of the first user")
				p.equal(p.searchTenants(one, query{Limit: 2}), []tenancy.Slug{"acme", "default"},
					"the first two")
				found, err := p.Memberships.Search(p.ctx, two, query{Limit: 9})
				p.ok(err, "Memberships.Search")
				p.equal(len(found), 1, "the number of the second user's tenants")
				stored, err := p.Tenants.Get(p.ctx, p.globex)
				p.ok(err, "Tenants.Get")
				for _, m := range found {
					p.equal(m.Role, tenancy.Viewer, "the role")
					p.sameTenant(m.Tenant, stored, "the tenant")
					p.equal(m.Tenant.Version, stored.Version, "its version")
				}
			},
		},
		{
			name: "search goes on after a slug",
			says: "only tenants with slugs after this one",
			prove: func(p *probe) {
				one, _ := setUp(p)
				p.equal(p.searchTenants(one, query{After: "acme"}), []tenancy.Slug{"default", "globex"},
					"the tenants after acme")
				p.equal(p.searchTenants(one, query{After: "default-"}), []tenancy.Slug{"globex"},
					"the tenants after a slug that none has")
			},
		},
		{
			name: "search leaves out deleted tenants",
			says: "Deleted tenants never match.",
			prove: func(p *probe) {
				one, _ := setUp(p)
				p.setState(p.acme, tenancy.Deleted)
				p.setState(p.globex, tenancy.Suspended)
				p.equal(p.searchTenants(one, query{}), []tenancy.Slug{"default", "globex"}, "the tenants")
				p.equal(p.searchTenants(one, query{State: tenancy.Deleted}), []tenancy.Slug{},
					"the deleted ones")
			},
		},
		{
			name: "search of an unknown user finds nothing",
			says: "A user that doesn't exist has no tenants.",
			prove: func(p *probe) {
				setUp(p)
				for _, id := range []string{userIDOf(9), "", "unknown"} {
					p.equal(p.searchTenants(id, query{}), []tenancy.Slug{}, "the tenants of %q", id)
				}
			},
		},
		{
			name: "search selects a state",
			says: "The zero State and Search select all",
			prove: func(p *probe) {
				one, _ := setUp(p)
				p.setState(p.acme, tenancy.Suspended)
				p.equal(p.searchTenants(one, query{State: tenancy.Suspended}), []tenancy.Slug{"acme"},
					"the suspended tenants")
				p.equal(p.searchTenants(one, query{State: tenancy.Active}),
					[]tenancy.Slug{"default", "globex"}, "the active tenants")
				p.equal(p.searchTenants(one, query{}), []tenancy.Slug{"acme", "default", "globex"},
					"all tenants")
			},
		},
		{
			name: "search needs a positive limit",
			says: "Limit must be positive.",
			prove: func(p *probe) {
				one, _ := setUp(p)
				for _, limit := range []int{0, -1} {
					_, err := p.Memberships.Search(p.ctx, one, query{Limit: limit})
					p.code(err, tenancy.CodeInvalid, "Search with limit %d", limit)
				}
			},
		},
		{
			name: "search finds parts of slugs and names",
			says: "a case-insensitive substring of the tenant's slug or name",
			prove: func(p *probe) {
				one, _ := setUp(p)
				p.rename(p.acme, `100%_Größe\`)
				for search, want := range searchedTenants {
					p.equal(p.searchTenants(one, query{Search: search}), want, "slugs with %q", search)
				}
			},
		},
	}
}

// searchedTenants are the slugs that searches find when acme is called 100%_Größe\.
var searchedTenants = map[string][]tenancy.Slug{
	"": {"acme", "default", "globex"}, "cm": {"acme"}, "GLOB": {"globex"}, "GRÖSSE": {},
	"gRÖ": {"acme"}, "0%_g": {"acme"}, "%": {"acme"}, "_": {"acme"}, `\`: {"acme"},
	"nothing": {}, "a%e": {}, "' OR '1'='1": {},
}

// rename gives a tenant another name.
func (p *probe) rename(id tenancy.ID, name string) {
	t, err := p.Tenants.Get(p.ctx, id)
	p.ok(err, "Tenants.Get")
	t.Name = name
	_, err = p.Tenants.Update(p.ctx, t)
	p.ok(err, "Tenants.Update")
}

// searchTenants returns the slugs that a search finds, all of them if q has no limit.
func (p *probe) searchTenants(user string, q ports.MembershipQuery) []tenancy.Slug {
	q.Limit = cmp.Or(q.Limit, 1000)
	found, err := p.Memberships.Search(p.ctx, user, q)
	p.ok(err, "Memberships.Search(%q)", user)
	slugs := []tenancy.Slug{}
	for _, m := range found {
		slugs = append(slugs, m.Tenant.Slug)
	}
	return slugs
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
