package portstest

import (
	"cmp"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func platformAuditSuite() []contractCase {
	return []contractCase{
		{
			name: "platform entry belongs to no tenant",
			says: "Append adds an entry that belongs to no tenant.",
			prove: func(p *probe) {
				ctx := tenancy.WithPrincipal(p.ctx,
					tenancy.Principal{Kind: tenancy.PlatformToken, ID: "token"})
				p.ok(p.PlatformAudit.Append(ctx,
					tenancy.Event{Action: "x.one", Target: tenancy.AuditTarget{
						Kind: "user", Name: "ada"}}), "PlatformAudit.Append")
				found := p.allEntries(ports.AuditFilter{Action: "x.one"})
				p.equal(len(found), 1, "the number of entries")
				for _, e := range found {
					p.equal(e.Tenant, tenancy.ID{}, "its tenant")
					p.equal(e.TenantSlug, tenancy.Slug(""), "its tenant's slug")
					p.equal(e.Actor, tenancy.Actor{Kind: tenancy.PlatformToken, ID: "token"},
						"the actor")
					p.equal(e.Target, tenancy.AuditTarget{Kind: "user", Name: "ada"}, "the target")
				}
				for _, tenant := range []tenancy.ID{p.acme, p.globex, tenancy.DefaultID} {
					p.equal(p.actions(tenant, "x.one"), []string{}, "a tenant's entries")
				}
			},
		},
		{
			name: "list pages all logs newest first",
			says: "List returns at most q.Limit entries that match q, of all tenants and of none," +
				" newest first; entries of the same time are in the descending order of their" +
				" ids.",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one")
				p.appendEvents(p.globex, "x.two")
				p.ok(p.PlatformAudit.Append(p.ctx, tenancy.Event{Action: "x.three"}),
					"PlatformAudit.Append")
				p.appendEvents(p.acme, "x.four", "x.five")
				all := p.allEntries(ports.AuditFilter{})
				p.equal(slices.IsSortedFunc(all, func(a, b tenancy.AuditEntry) int {
					if c := b.At.Compare(a.At); c != 0 {
						return c
					}
					return cmp.Compare(b.ID, a.ID)
				}), true, "whether the entries are in order")
				got := []string{}
				for cursor := (ports.AuditCursor{}); len(got) < 8; {
					found, err := p.PlatformAudit.List(p.ctx,
						ports.PlatformAuditQuery{Before: cursor, Limit: 2})
					p.ok(err, "PlatformAudit.List")
					got = append(got, actionsOf(found)...)
					if len(found) < 2 {
						break
					}
					cursor = ports.AuditCursor{At: found[1].At, ID: found[1].ID}
				}
				want := actionsOf(all)
				p.equal(got[:min(len(got), len(want))], want[:min(len(got), len(want))],
					"pages of two")
				p.equal(slices.Contains(got, "x.three") && slices.Contains(got, "x.two") &&
					slices.Contains(got, "x.one"), true, "whether %v holds all appended actions",
					got)
			},
		},
		{
			name: "list continues after an entry",
			says: "only entries after this one in the list, unless zero",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one")
				p.appendEvents(p.globex, "x.two")
				for i, e := range p.allEntries(ports.AuditFilter{}) {
					if i > 1 {
						break
					}
					found := p.platformPage(ports.PlatformAuditQuery{
						Before: ports.AuditCursor{At: e.At, ID: e.ID}, Limit: 1000})
					for _, later := range found {
						p.equal(later.ID == e.ID || later.At.After(e.At), false,
							"whether an entry before the cursor is listed")
					}
					p.equal(len(found), len(p.allEntries(ports.AuditFilter{}))-i-1,
						"the number of entries after the cursor")
				}
			},
		},
	}
}

// allEntries returns the entries of all logs that match f, newest first, at most 1000.
func (p *probe) allEntries(f ports.AuditFilter) []tenancy.AuditEntry {
	return p.platformPage(ports.PlatformAuditQuery{AuditFilter: f, Limit: 1000})
}

func (p *probe) platformPage(q ports.PlatformAuditQuery) []tenancy.AuditEntry {
	found, err := p.PlatformAudit.List(p.ctx, q)
	p.ok(err, "PlatformAudit.List(%+v)", q)
	return found
}

func (p *probe) allActions(f ports.AuditFilter) []string {
	return actionsOf(p.allEntries(f))
}
