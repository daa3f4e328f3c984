package portstest

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func tenantsSuite() []contractCase {
	return slices.Concat(tenantsCreate(), tenantsRead(), tenantsUpdate(), tenantsPurge())
}

func tenantsCreate() []contractCase {
	return []contractCase{
		{
			name: "default tenant exists",
			says: "The tenant [tenancy.DefaultID] with slug \"default\" exists from the start.",
			prove: func(p *probe) {
				t, err := p.Tenants.Get(p.ctx, tenancy.DefaultID)
				p.ok(err, "Tenants.Get(DefaultID)")
				p.equal(t.Slug, tenancy.DefaultSlug, "the slug")
				p.equal(t.State, tenancy.Active, "the state")
			},
		},
		{
			name: "create stores the tenant",
			says: "Create stores t, except for Version, CreatedAt and UpdatedAt, which it sets," +
				" and returns the stored tenant.",
			prove: func(p *probe) {
				input := newTenant("stored")
				input.Version = 7
				input.Quotas = tenancy.Quotas{Resources: map[string]int64{"widget": 3}}
				input.CreatedAt = time.Unix(1, 0)
				input.UpdatedAt = time.Unix(2, 0)
				made, err := p.Tenants.Create(p.ctx, input)
				p.ok(err, "Tenants.Create")
				p.sameTenant(made, input, "the result of Create")
				p.equal(made.Version, int64(1), "the version")
				p.recent(made.CreatedAt, "CreatedAt")
				p.recent(made.UpdatedAt, "UpdatedAt")
				p.wantStored(made)
			},
		},
		{
			name: "create stores any state",
			says: "Create stores t",
			prove: func(p *probe) {
				input := newTenant("gone")
				input.State = tenancy.Deleted
				input.DeletedAt = time.Date(2024, 2, 29, 1, 2, 3, 456789000, time.UTC)
				made, err := p.Tenants.Create(p.ctx, input)
				p.ok(err, "Tenants.Create")
				p.sameTenant(made, input, "the result of Create")
				p.wantStored(made)
			},
		},
		{
			name: "create creates singletons",
			says: "In the same transaction it creates the one item of each singleton kind.",
			prove: func(p *probe) {
				for _, id := range []tenancy.ID{tenancy.DefaultID, p.acme, p.globex} {
					made := p.get(id, ref("settings", "default"))
					p.sameContent(made.Item, item("settings", "default", `{}`),
						"the settings of a new tenant")
					p.equal(made.Version, int64(1), "their version")
					p.equal(len(p.export(id, ports.Selection{})), 1,
						"the number of items of a new tenant")
				}
			},
		},
		{
			name: "existing slug is refused",
			says: "A slug that any tenant has or had is [tenancy.CodeSlugTaken]",
			prove: func(p *probe) {
				_, err := p.Tenants.Create(p.ctx, newTenant("acme"))
				p.code(err, tenancy.CodeSlugTaken, "Create with the slug of another")
				p.setState(p.acme, tenancy.Deleted)
				_, err = p.Tenants.Create(p.ctx, newTenant("acme"))
				p.code(err, tenancy.CodeSlugTaken, "Create with the slug of a deleted tenant")
				_, err = p.Tenants.Create(p.ctx, newTenant(tenancy.DefaultSlug))
				p.code(err, tenancy.CodeSlugTaken, "Create with the slug of the default tenant")
			},
		},
		{
			name: "existing id is refused",
			says: "an id that any tenant has or had is [tenancy.CodeAlreadyExists].",
			prove: func(p *probe) {
				again := newTenant("again")
				again.ID = p.acme
				_, err := p.Tenants.Create(p.ctx, again)
				p.code(err, tenancy.CodeAlreadyExists, "Create with the id of another")
				p.setState(p.acme, tenancy.Deleted)
				_, err = p.Tenants.Create(p.ctx, again)
				p.code(err, tenancy.CodeAlreadyExists, "Create with the id of a deleted tenant")
			},
		},
		{
			name: "failed create stores nothing",
			says: "On an error nothing is stored.",
			prove: func(p *probe) {
				refused := newTenant("acme")
				_, err := p.Tenants.Create(p.ctx, refused)
				p.code(err, tenancy.CodeSlugTaken, "Create with the slug of another")
				_, err = p.Tenants.Get(p.ctx, refused.ID)
				p.code(err, tenancy.CodeTenantNotFound, "Get of the refused tenant")

				overwriting := newTenant("fresh")
				overwriting.ID = p.acme
				_, err = p.Tenants.Create(p.ctx, overwriting)
				p.code(err, tenancy.CodeAlreadyExists, "Create with the id of another")
				_, err = p.Tenants.BySlug(p.ctx, "fresh")
				p.code(err, tenancy.CodeTenantNotFound, "BySlug of the refused tenant")
				p.equal(p.slugs(ports.TenantQuery{}), []tenancy.Slug{"acme", "default", "globex"},
					"the slugs")
			},
		},
	}
}

func tenantsRead() []contractCase {
	return []contractCase{
		{
			name: "get returns a tenant in any state",
			says: "Get returns a tenant in any state; [tenancy.CodeTenantNotFound] if there is" +
				" none.",
			prove: func(p *probe) {
				for _, state := range []tenancy.State{tenancy.Suspended, tenancy.Deleted,
					tenancy.Active} {
					p.setState(p.acme, state)
					t, err := p.Tenants.Get(p.ctx, p.acme)
					p.ok(err, "Get of a tenant that is %s", state)
					p.equal(t.State, state, "the state")
				}
				_, err := p.Tenants.Get(p.ctx, tenancy.NewID())
				p.code(err, tenancy.CodeTenantNotFound, "Get of an unknown id")
			},
		},
		{
			name: "bySlug returns a tenant in any state",
			says: "BySlug returns a tenant in any state; [tenancy.CodeTenantNotFound] if there is" +
				" none.",
			prove: func(p *probe) {
				for _, state := range []tenancy.State{tenancy.Suspended, tenancy.Deleted,
					tenancy.Active} {
					p.setState(p.acme, state)
					t, err := p.Tenants.BySlug(p.ctx, "acme")
					p.ok(err, "BySlug of a tenant that is %s", state)
					p.equal(t.ID, p.acme, "the id")
					p.equal(t.State, state, "the state")
				}
				for _, slug := range []tenancy.Slug{"unknown", "", "ACME", "acm", "acme%",
					"acme' OR '1'='1"} {
					_, err := p.Tenants.BySlug(p.ctx, slug)
					p.code(err, tenancy.CodeTenantNotFound, "BySlug(%q)", slug)
				}
			},
		},
		{
			name: "list is in the order of slugs",
			says: "List returns at most q.Limit tenants that match q in the order of their slugs," +
				" byte by byte.",
			prove: func(p *probe) {
				for _, slug := range []tenancy.Slug{"a-b", "ab", "a0", "zz"} {
					p.tenant(slug)
				}
				all := []tenancy.Slug{"a-b", "a0", "ab", "acme", "default", "globex", "zz"}
				p.equal(p.slugs(ports.TenantQuery{}), all, "all slugs")
				p.equal(p.slugs(ports.TenantQuery{Limit: 3}), all[:3], "the first three slugs")
			},
		},
		{
			name: "list returns whole tenants",
			says: "List returns at most q.Limit tenants",
			prove: func(p *probe) {
				stored, err := p.Tenants.Get(p.ctx, p.acme)
				p.ok(err, "Get")
				found, err := p.Tenants.List(p.ctx,
					ports.TenantQuery{IDs: []tenancy.ID{p.acme}, Limit: 1})
				p.ok(err, "List")
				p.equal(len(found), 1, "the number of tenants")
				for _, t := range found {
					p.sameTenant(t, stored, "the result of List")
					p.equal(t.Version, stored.Version, "the version")
				}
			},
		},
		{
			name: "zero query selects all",
			says: "Its zero value selects all; Limit must be positive.",
			prove: func(p *probe) {
				p.setState(p.acme, tenancy.Deleted)
				p.setState(p.globex, tenancy.Suspended)
				p.equal(p.slugs(ports.TenantQuery{}), []tenancy.Slug{"acme", "default", "globex"},
					"all slugs")
				for _, limit := range []int{0, -1} {
					_, err := p.Tenants.List(p.ctx, ports.TenantQuery{Limit: limit})
					p.code(err, tenancy.CodeInvalid, "List with limit %d", limit)
				}
			},
		},
		{
			name: "list selects a state",
			says: "only tenants in this state",
			prove: func(p *probe) {
				p.setState(p.acme, tenancy.Suspended)
				p.equal(p.slugs(ports.TenantQuery{State: tenancy.Suspended}),
					[]tenancy.Slug{"acme"}, "the suspended tenants")
				p.equal(p.slugs(ports.TenantQuery{State: tenancy.Active}),
					[]tenancy.Slug{"default", "globex"}, "the active tenants")
				p.equal(p.slugs(ports.TenantQuery{State: tenancy.Deleted}), []tenancy.Slug{},
					"the deleted tenants")
			},
		},
		{
			name: "list finds parts of slugs and names",
			says: "a case-insensitive substring of the slug or the name",
			prove: func(p *probe) {
				p.rename(p.acme, `100%_Größe\`)
				for search, want := range searchedTenants {
					p.equal(p.slugs(ports.TenantQuery{Search: search}), want, "slugs with %q", search)
				}
			},
		},
		{
			name: "list selects ids",
			says: "only these ids, unless nil; an empty slice selects none",
			prove: func(p *probe) {
				two := []tenancy.ID{p.globex, tenancy.NewID(), p.acme}
				p.equal(p.slugs(ports.TenantQuery{IDs: two}), []tenancy.Slug{"acme", "globex"},
					"the two")
				p.equal(p.slugs(ports.TenantQuery{IDs: two, Limit: 1}), []tenancy.Slug{"acme"},
					"the first of the two")
				p.equal(p.slugs(ports.TenantQuery{IDs: []tenancy.ID{}}), []tenancy.Slug{}, "none")
			},
		},
		{
			name: "list continues after a slug",
			says: "only slugs after this one",
			prove: func(p *probe) {
				p.equal(p.slugs(ports.TenantQuery{After: "acme"}),
					[]tenancy.Slug{"default", "globex"}, "slugs after acme")
				p.equal(p.slugs(ports.TenantQuery{After: "b"}), []tenancy.Slug{"default", "globex"},
					"slugs after b, which no tenant has")
				p.equal(p.slugs(ports.TenantQuery{After: "globex"}), []tenancy.Slug{},
					"slugs after the last")
			},
		},
	}
}

func tenantsUpdate() []contractCase {
	return []contractCase{
		{
			name: "update stores five fields",
			says: "Update stores t's Name, State, Settings, Quotas and DeletedAt in the tenant" +
				" with t's ID, adds one to its version, sets UpdatedAt, and returns the stored" +
				" tenant. ID, Slug and CreatedAt never change.",
			prove: func(p *probe) {
				before, err := p.Tenants.Get(p.ctx, p.acme)
				p.ok(err, "Get")
				input := before
				input.Name, input.State = "Acme & Söhne", tenancy.Deleted
				input.Settings = json.RawMessage(`{"theme":"light","n":[1,2.5,null]}`)
				input.Quotas = tenancy.Quotas{
					Resources:         map[string]int64{"maker": 0, "widget": 1 << 40},
					RequestsPerSecond: 0.25}
				input.DeletedAt = time.Date(2025, 1, 2, 3, 4, 5, 678901000, time.UTC)
				input.Slug, input.CreatedAt, input.UpdatedAt = "other", time.Unix(1, 0),
					time.Unix(2, 0)
				updated, err := p.Tenants.Update(p.ctx, input)
				p.ok(err, "Update")

				want := input
				want.Slug = "acme"
				p.sameTenant(updated, want, "the result of Update")
				p.equal(updated.Version, before.Version+1, "the version")
				p.recent(updated.UpdatedAt, "UpdatedAt")
				if !updated.CreatedAt.Equal(before.CreatedAt) {
					p.fail("CreatedAt = %v; want %v", updated.CreatedAt, before.CreatedAt)
				}
				p.wantStored(updated)
				_, err = p.Tenants.BySlug(p.ctx, "other")
				p.code(err, tenancy.CodeTenantNotFound, "BySlug of the slug passed to Update")
			},
		},
		{
			name: "update restores a deleted tenant",
			says: "Update stores t's Name, State, Settings, Quotas and DeletedAt",
			prove: func(p *probe) {
				p.setState(p.acme, tenancy.Deleted)
				p.setState(p.acme, tenancy.Active)
				t, err := p.Tenants.Get(p.ctx, p.acme)
				p.ok(err, "Get")
				p.equal(t.DeletedAt.IsZero(), true, "DeletedAt.IsZero() of a restored tenant")
				p.equal(t.Version, int64(3), "the version after two changes")
			},
		},
		{
			name: "update changes one tenant",
			says: "in the tenant with t's ID",
			prove: func(p *probe) {
				before, err := p.Tenants.Get(p.ctx, p.globex)
				p.ok(err, "Get")
				p.setState(p.acme, tenancy.Suspended)
				p.wantStored(before)
			},
		},
		{
			name: "update refuses another version",
			says: "[tenancy.CodeVersionMismatch] if the stored version isn't t.Version, and" +
				" nothing changes",
			prove: func(p *probe) {
				p.setState(p.acme, tenancy.Suspended)
				stored, err := p.Tenants.Get(p.ctx, p.acme)
				p.ok(err, "Get")
				for _, version := range []int64{0, 1, 3} {
					stale := stored
					stale.Name, stale.Version = "Stale", version
					_, err := p.Tenants.Update(p.ctx, stale)
					p.code(err, tenancy.CodeVersionMismatch,
						"Update of version %d when 2 is stored", version)
				}
				p.wantStored(stored)
			},
		},
		{
			name: "update refuses an unknown tenant",
			says: "[tenancy.CodeTenantNotFound] if there is no such tenant.",
			prove: func(p *probe) {
				unknown := newTenant("unknown")
				unknown.Version = 1
				_, err := p.Tenants.Update(p.ctx, unknown)
				p.code(err, tenancy.CodeTenantNotFound, "Update of an unknown id")
				_, err = p.Tenants.Get(p.ctx, unknown.ID)
				p.code(err, tenancy.CodeTenantNotFound, "Get after the refused Update")
			},
		},
		{
			name: "concurrent updates of a version succeed once",
			says: "[tenancy.CodeVersionMismatch] if the stored version isn't t.Version",
			prove: func(p *probe) {
				before, err := p.Tenants.Get(p.ctx, p.acme)
				p.ok(err, "Get")
				errs := atOnce(10, func(int) error {
					_, err := p.Tenants.Update(p.ctx, before)
					return err
				})
				p.equal(countCodes(errs),
					map[tenancy.Code]int{"": 1, tenancy.CodeVersionMismatch: 9},
					"the codes of ten updates of one version")
			},
		},
		{
			name: "stored settings are copies",
			says: "Create stores t",
			prove: func(p *probe) {
				input := newTenant("copied")
				made, err := p.Tenants.Create(p.ctx, input)
				p.ok(err, "Create")
				want := made
				want.Settings = json.RawMessage(`{"theme":"dark"}`)
				overwrite(input.Settings)
				overwrite(made.Settings)
				p.wantStored(want)
			},
		},
	}
}

// sameTenant compares all but the version and the two times that a store sets.
func (p *probe) sameTenant(got, want tenancy.Tenant, what string) {
	same := got.ID == want.ID && got.Slug == want.Slug && got.Name == want.Name &&
		got.State == want.State &&
		got.DeletedAt.Equal(want.DeletedAt) && sameJSON(got.Settings, want.Settings) &&
		reflect.DeepEqual(got.Quotas, want.Quotas)
	if !same {
		p.fail("%s = %+v; want %+v", what, got, want)
	}
}

// wantStored requires that Get and BySlug return want.
func (p *probe) wantStored(want tenancy.Tenant) {
	byID, err := p.Tenants.Get(p.ctx, want.ID)
	p.ok(err, "Tenants.Get(%s)", want.Slug)
	bySlug, err := p.Tenants.BySlug(p.ctx, want.Slug)
	p.ok(err, "Tenants.BySlug(%s)", want.Slug)
	for what, got := range map[string]tenancy.Tenant{"Get": byID, "BySlug": bySlug} {
		p.sameTenant(got, want, what)
		p.equal(got.Version, want.Version, "the version by %s", what)
		if !got.CreatedAt.Equal(want.CreatedAt) || !got.UpdatedAt.Equal(want.UpdatedAt) {
			p.fail("%s has times %v, %v; want %v, %v", what, got.CreatedAt, got.UpdatedAt,
				want.CreatedAt, want.UpdatedAt)
		}
	}
}

func (p *probe) setState(id tenancy.ID, state tenancy.State) {
	t, err := p.Tenants.Get(p.ctx, id)
	p.ok(err, "Tenants.Get")
	t.State, t.DeletedAt = state, time.Time{}
	if state == tenancy.Deleted {
		t.DeletedAt = time.Now().Truncate(time.Microsecond)
	}
	_, err = p.Tenants.Update(p.ctx, t)
	p.ok(err, "Tenants.Update to %s", state)
}

func (p *probe) slugs(q ports.TenantQuery) []tenancy.Slug {
	if q.Limit == 0 {
		q.Limit = 100
	}
	found, err := p.Tenants.List(p.ctx, q)
	p.ok(err, "Tenants.List(%+v)", q)
	slugs := []tenancy.Slug{}
	for _, t := range found {
		slugs = append(slugs, t.Slug)
	}
	return slugs
}
