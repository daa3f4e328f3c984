package portstest

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/federation/certificate"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func tenantsPurge() []contractCase {
	return []contractCase{
		{
			name: "purge removes everything",
			says: "Purge removes everything that the tenant with this id has: its rows in every" +
				" table, its keys, its secrets, its audit log, and the tenant itself.",
			prove: func(p *probe) {
				k := p.fillTenant(p.acme, 1)
				p.setState(p.acme, tenancy.Deleted)
				_, err := p.Tenants.Purge(p.ctx, p.acme)
				p.ok(err, "Purge")
				_, err = p.Tenants.Get(p.ctx, p.acme)
				p.code(err, tenancy.CodeTenantNotFound, "Get of the purged tenant")
				_, err = p.Tenants.BySlug(p.ctx, "acme")
				p.code(err, tenancy.CodeTenantNotFound, "BySlug of the purged tenant")
				p.equal(p.slugs(ports.TenantQuery{}), []tenancy.Slug{"default", "globex"},
					"the remaining slugs")
				p.noKey(k.Hash, "of the purged tenant")
				found, err := p.Resources.List(p.ctx, p.acme,
					ports.ResourceQuery{Kind: "widget", Limit: 10})
				p.equal(len(found), 0, "the number of the purged tenant's widgets (%v)", err)
				_, err = p.Vault.Get(p.ctx, p.acme, "s")
				if err == nil {
					p.fail("a secret of the purged tenant still exists")
				}
				_, err = p.Tenants.Purge(p.ctx, p.acme)
				p.code(err, tenancy.CodeTenantNotFound, "Purge of the purged tenant")
			},
		},
		{
			name: "purged tenant can't be written to",
			says: "and the tenant itself.",
			prove: func(p *probe) {
				p.setState(p.acme, tenancy.Deleted)
				_, err := p.Tenants.Purge(p.ctx, p.acme)
				p.ok(err, "Purge")
				if _, _, err := p.Resources.Put(p.ctx, p.acme, item("maker", "late", `{}`),
					ports.Condition{}); err == nil {
					p.fail("Put into the purged tenant is no error")
				}
				if _, err := p.Keys.Create(p.ctx, p.acme, newKey(p.acme, 1)); err == nil {
					p.fail("Keys.Create in the purged tenant is no error")
				}
				p.noKey(keyHash(1), "of the purged tenant")
				if err := p.Vault.Set(p.ctx, p.acme, "late", []byte("v")); err == nil {
					p.fail("Vault.Set in the purged tenant is no error")
				}
				if _, err := p.importItems(p.acme, item("maker", "late", `{}`)); err == nil {
					p.fail("Import into the purged tenant is no error")
				}
			},
		},
		{
			name: "purge changes no other tenant",
			says: "It changes nothing of other tenants.",
			prove: func(p *probe) {
				p.fillTenant(p.acme, 1)
				kept := p.fillTenant(p.globex, 2)
				before := p.export(p.globex, ports.Selection{})
				p.setState(p.acme, tenancy.Deleted)
				_, err := p.Tenants.Purge(p.ctx, p.acme)
				p.ok(err, "Purge")
				p.equal(p.export(p.globex, ports.Selection{}), before, "the other tenant's items")
				p.sameKey(p.findKey(kept.Hash), kept, "the other tenant's key")
				p.wantSecret(p.globex, "s", "v")
			},
		},
		{
			name: "purged id and slug stay taken",
			says: "The id and the slug stay taken.",
			prove: func(p *probe) {
				p.setState(p.acme, tenancy.Deleted)
				_, err := p.Tenants.Purge(p.ctx, p.acme)
				p.ok(err, "Purge")
				_, err = p.Tenants.Create(p.ctx, newTenant("acme"))
				p.code(err, tenancy.CodeSlugTaken, "Create with the slug of a purged tenant")
				again := newTenant("again")
				again.ID = p.acme
				_, err = p.Tenants.Create(p.ctx, again)
				p.code(err, tenancy.CodeAlreadyExists, "Create with the id of a purged tenant")
				_, err = p.Tenants.BySlug(p.ctx, "again")
				p.code(err, tenancy.CodeTenantNotFound, "BySlug of the refused tenant")
			},
		},
		{
			name: "purge is certified",
			says: "It returns what it removed, certified (package federation/certificate), and the" +
				" certificate is the details of an entry \"tenant.purge\" in the platform's audit" +
				" log.",
			prove: func(p *probe) {
				p.fillTenant(p.acme, 1)
				p.setState(p.acme, tenancy.Deleted)
				c, err := p.Tenants.Purge(p.ctx, p.acme)
				p.ok(err, "Purge")
				p.equal(c.Tenant, p.acme, "the certificate's tenant")
				p.equal(c.Slug, tenancy.Slug("acme"), "the certificate's slug")
				p.recent(c.PurgedAt, "PurgedAt")
				n := int64(0)
				for table, rows := range c.Rows {
					if rows < 0 {
						p.fail("%d rows of %s were removed", rows, table)
					}
					n += rows
				}
				// two widgets, a key, a secret, the settings and the tenant
				if least := int64(6); n < least {
					p.fail("the certificate counts %d rows; want at least %d: %v", n, least,
						c.Rows)
				}
				again, err := certificate.Seal(c)
				p.ok(err, "Certify")
				p.equal(c.Digest, again.Digest, "the digest")
				found := p.allEntries(ports.AuditFilter{Action: "tenant.purge"})
				p.equal(actionsOf(found), []string{"tenant.purge"},
					"the purges in the platform's log")
				text, err := json.Marshal(c)
				p.ok(err, "the certificate as JSON")
				for _, e := range found {
					p.equal(sameJSON(e.Details, text), true,
						"whether the details %s are the certificate %s", e.Details, text)
				}
			},
		},
		{
			name: "purge refuses a tenant that isn't deleted",
			says: "[tenancy.CodeInvalidState] if the tenant isn't deleted, is the default one, or" +
				" has rows that can't be removed",
			prove: func(p *probe) {
				p.fillTenant(p.acme, 1)
				before := p.export(p.acme, ports.Selection{})
				for _, state := range []tenancy.State{tenancy.Active, tenancy.Suspended} {
					p.setState(p.acme, state)
					_, err := p.Tenants.Purge(p.ctx, p.acme)
					p.code(err, tenancy.CodeInvalidState, "Purge of a tenant that is %s", state)
				}
				_, err := p.Tenants.Purge(p.ctx, tenancy.DefaultID)
				p.code(err, tenancy.CodeInvalidState, "Purge of the default tenant")
				p.equal(p.export(p.acme, ports.Selection{}), before,
					"the tenant's items after the refused purges")
				p.findKey(keyHash(1))
			},
		},
		{
			name: "purge refuses an unknown tenant",
			says: "[tenancy.CodeTenantNotFound] if the id is unknown.",
			prove: func(p *probe) {
				_, err := p.Tenants.Purge(p.ctx, tenancy.NewID())
				p.code(err, tenancy.CodeTenantNotFound, "Purge of an unknown id")
				_, err = p.Tenants.Purge(p.ctx, tenancy.ID{})
				p.code(err, tenancy.CodeNoTenant, "Purge of no tenant")
			},
		},
		{
			name: "concurrent purges succeed once",
			says: "A purge removes everything or nothing.",
			prove: func(p *probe) {
				p.fillTenant(p.acme, 1)
				p.setState(p.acme, tenancy.Deleted)
				errs := atOnce(4, func(int) error {
					_, err := p.Tenants.Purge(p.ctx, p.acme)
					return err
				})
				done := countCodes(errs)
				p.equal(done[""], 1, "the number of four purges of one tenant that succeed: %v",
					done)
			},
		},
	}
}

// fillTenant gives a tenant items, a secret and an API key, and returns the key.
func (p *probe) fillTenant(tenant tenancy.ID, n int) tenancy.APIKey {
	p.put(tenant, item("widget", "a", `{}`), item("widget", "b", `{"parent":"a"}`))
	p.setSecret(tenant, "s", "v")
	return p.key(tenant, n)
}
