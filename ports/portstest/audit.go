package portstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func auditSuite() []contractCase {
	return slices.Concat(auditAppend(), auditList(), auditExport(), auditWrites())
}

func auditAppend() []contractCase {
	return []contractCase{
		{
			name: "entry is appended to one tenant's log",
			says: "Append adds an entry about something that changed no data: a denial, or a" +
				" read.",
			isolates: []string{"Audit.Append", "Audit.List"},
			prove: func(p *probe) {
				input := tenancy.Event{
					Action: "agent.read", Target: tenancy.AuditTarget{
						Kind: "agent", Name: "Käthe <b>\"&"}, Outcome: tenancy.Denied,
					Details: map[string]any{"code": "forbidden", "n": 1},
					Actor:   tenancy.Actor{Kind: "key", ID: "k1", Name: "ci"},
				}
				p.ok(p.Audit.Append(p.ctx, p.acme, input), "Audit.Append")
				for _, e := range p.log(p.acme, ports.AuditFilter{Action: "agent.read"}) {
					p.equal(e.Tenant, p.acme, "the entry's tenant")
					p.equal(e.TenantSlug, tenancy.Slug("acme"), "the entry's tenant's slug")
					p.equal(e.Actor, input.Actor, "the actor")
					p.equal(e.Target, input.Target, "the target")
					p.equal(e.Outcome, tenancy.Denied, "the outcome")
					p.equal(sameJSON(e.Details, json.RawMessage(`{"code":"forbidden","n":1}`)),
						true, "the details %s are the event's", e.Details)
					p.recent(e.At, "At")
				}
				p.equal(p.actions(p.acme, "agent.read"), []string{"agent.read"}, "acme's entries")
				p.equal(p.actions(p.globex, "agent.read"), []string{}, "globex's entries")
				p.equal(p.actions(tenancy.DefaultID, "agent.read"), []string{},
					"the default tenant's entries")
			},
		},
		{
			name: "invalid event is refused",
			says: "If [tenancy.Event.Entry] refuses the event, Append returns its error and adds" +
				" nothing.",
			prove: func(p *probe) {
				_, before, err := p.Audit.Ends(p.ctx, p.acme)
				p.ok(err, "Audit.Ends")
				for _, e := range []tenancy.Event{
					{}, {Action: "x.y", Details: map[string]any{"n": math.NaN()}}} {
					p.code(p.Audit.Append(p.ctx, p.acme, e), tenancy.CodeInvalid,
						"Audit.Append(%+v)", e)
					p.code(p.PlatformAudit.Append(p.ctx, e), tenancy.CodeInvalid,
						"PlatformAudit.Append(%+v)", e)
				}
				_, after, err := p.Audit.Ends(p.ctx, p.acme)
				p.ok(err, "Audit.Ends")
				p.equal(after, before, "where the chain ends")
				p.equal(p.allActions(ports.AuditFilter{Action: "x.y"}), []string{},
					"the entries of all tenants")
			},
		},
		{
			name: "hostile text is stored safely",
			says: "Append adds an entry about something that changed no data",
			prove: func(p *probe) {
				hostile := "a\x00b\\u0000\xff'); DROP TABLE x; --\u2028\n"
				e := tenancy.Event{
					Action: "x.read", Target: tenancy.AuditTarget{Kind: hostile, Name: hostile},
					Outcome: tenancy.Denied,
					Details: map[string]any{"path": hostile, hostile: []string{hostile}},
					Actor:   tenancy.Actor{Kind: "user", ID: hostile, Name: hostile},
				}
				ctx := tenancy.WithRequest(p.ctx,
					tenancy.Request{ID: hostile, Address: hostile, Reason: hostile})
				p.ok(p.Audit.Append(ctx, p.acme, e), "Audit.Append")
				want := "a\uFFFDb\\u0000\uFFFD'); DROP TABLE x; --\u2028\n"
				for _, got := range p.log(p.acme, ports.AuditFilter{Action: "x.read"}) {
					p.equal(got.Target, tenancy.AuditTarget{Kind: want, Name: want}, "the target")
					var details map[string]any
					p.ok(json.Unmarshal(got.Details, &details), "the details")
					p.equal(details, map[string]any{"path": want, want: []any{want},
						"reason": want}, "the details")
				}
				p.verifyChain(p.acme)
			},
		},
		{
			name: "entry names actor, request and reason",
			says: "The actor of an entry is [tenancy.ActorFrom] the context; its request id," +
				" address and reason are [tenancy.RequestFrom] the context.",
			prove: func(p *probe) {
				ctx := tenancy.WithPrincipal(p.ctx,
					tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u1", Name: "Ada"})
				ctx = tenancy.WithRequest(ctx,
					tenancy.Request{ID: "r1", Address: "192.0.2.7", Reason: "ticket 12"})
				p.ok(p.Audit.Append(ctx, p.acme, tenancy.Event{Action: "x.read"}), "Audit.Append")
				p.ok(p.Audit.Append(p.ctx, p.acme, tenancy.Event{Action: "x.read"}),
					"Audit.Append without a principal")
				found := p.log(p.acme, ports.AuditFilter{Action: "x.read"})
				p.equal(len(found), 2, "the number of entries")
				for i, e := range found {
					if i == 0 {
						p.equal(e.Actor, tenancy.Actor{Kind: tenancy.SystemActor},
							"the actor without a principal")
						p.equal(e.RequestID+e.Address, "",
							"the request id and address without a request")
						continue
					}
					p.equal(e.Actor, tenancy.Actor{Kind: "user", ID: "u1", Name: "Ada"},
						"the actor")
					p.equal(e.RequestID, "r1", "the request's id")
					p.equal(e.Address, "192.0.2.7", "the request's address")
					p.equal(sameJSON(e.Details, json.RawMessage(`{"reason":"ticket 12"}`)), true,
						"whether the details %s give the reason", e.Details)
					p.equal(e.Outcome, tenancy.Done, "the default outcome")
				}
			},
		},
		{
			name: "entries form a chain",
			says: "The entries of a tenant form a chain that [tenancy.AuditChain] verifies, and" +
				" no entry is older than the one before it.",
			prove: func(p *probe) {
				const writers, each = 8, 5
				errs := atOnce(writers, func(i int) error {
					for n := range each {
						err := p.Audit.Append(p.ctx, []tenancy.ID{p.acme, p.globex}[i%2],
							tenancy.Event{Action: "x.read", Details: map[string]any{"n": n}})
						if err != nil {
							return err
						}
					}
					return nil
				})
				p.ok(errors.Join(errs...), "%d calls of Audit.Append at once", writers)
				for _, tenant := range []tenancy.ID{p.acme, p.globex} {
					p.verifyChain(tenant)
					p.equal(len(p.actions(tenant, "x.read")), writers*each/2,
						"the number of entries")
				}
			},
		},
		{
			name: "zero tenant is refused",
			says: "every method refuses the zero ID with [tenancy.CodeNoTenant].",
			prove: func(p *probe) {
				p.code(p.Audit.Append(p.ctx, tenancy.ID{}, tenancy.Event{Action: "x.read"}),
					tenancy.CodeNoTenant, "Append")
				_, err := p.Audit.List(p.ctx, tenancy.ID{}, ports.AuditQuery{Limit: 1})
				p.code(err, tenancy.CodeNoTenant, "List")
				_, _, err = p.Audit.Ends(p.ctx, tenancy.ID{})
				p.code(err, tenancy.CodeNoTenant, "Ends")
				err = p.Audit.Export(p.ctx, tenancy.ID{}, ports.AuditQuery{}, ignoreEnds,
					func(e tenancy.AuditEntry) error {
						p.fail("Export for no tenant yields %s", e.Text)
						return nil
					})
				p.code(err, tenancy.CodeNoTenant, "Export")
			},
		},
	}
}

func auditExport() []contractCase {
	return []contractCase{
		{
			name: "export yields one tenant's entries",
			says: "Export calls begin once with the result of Ends, then yield with each of the" +
				" tenant's entries that match q, oldest first, all from one snapshot.",
			isolates: []string{"Audit.Export", "Audit.Ends"},
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two", "x.three")
				p.appendEvents(p.globex, "x.four")
				begun := 0
				var got []tenancy.AuditEntry
				all := ports.AuditFilter{Since: time.Unix(1, 0)}
				err := p.Audit.Export(p.ctx, p.acme, ports.AuditQuery{AuditFilter: all},
					func(first, last tenancy.AuditChain) error {
						begun++
						wantFirst, wantLast, err := p.Audit.Ends(p.ctx, p.acme)
						p.equal([]tenancy.AuditChain{first, last},
							[]tenancy.AuditChain{wantFirst, wantLast},
							"where the chain begins and ends")
						return err
					}, func(e tenancy.AuditEntry) error { got = append(got, e); return nil })
				p.ok(err, "Audit.Export")
				p.equal(begun, 1, "how often begin is called")
				listed := p.log(p.acme, ports.AuditFilter{})
				slices.Reverse(listed)
				p.equal(got, listed, "the exported entries")
				p.equal(p.exportedActions(p.acme, ports.AuditFilter{Action: "x.two"}),
					[]string{"x.two"},
					"the exported entries of an action")
				p.equal(p.exportedActions(p.globex, ports.AuditFilter{Action: "x.four"}),
					[]string{"x.four"}, "globex's exported entries")
				p.equal(p.exportedActions(p.acme, ports.AuditFilter{Action: "x.four"}), []string{},
					"acme's exported entries of globex's action")
			},
		},
		{
			name: "export ignores Before and Limit",
			says: "It ignores q.Before and q.Limit.",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two")
				p.equal(p.exported(p.acme, ports.AuditQuery{
					AuditFilter: ports.AuditFilter{Action: "x.two"}, Before: 1, Limit: -1}),
					[]string{"x.two"}, "the exported entries")
				p.equal(len(p.exported(p.acme, ports.AuditQuery{Limit: 1})) > 1, true,
					"whether more than one entry is exported")
			},
		},
		{
			name: "export reads one snapshot",
			says: "all from one snapshot",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two")
				var end tenancy.AuditChain
				var newest int64
				err := p.Audit.Export(p.ctx, p.acme, ports.AuditQuery{},
					func(_, last tenancy.AuditChain) error {
						end = last
						p.appendEvents(p.acme, "x.late")
						return nil
					}, func(e tenancy.AuditEntry) error {
						p.equal(e.Action == "x.late", false,
							"whether an entry that was written meanwhile is exported")
						newest = e.Seq
						return nil
					})
				p.ok(err, "Audit.Export")
				p.equal(newest, end.Seq, "the newest that is exported")
			},
		},
		{
			name: "export stops at an error",
			says: "It stops at the first error of begin or yield and returns it.",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two")
				calls := 0
				count := func(tenancy.AuditEntry) error { calls++; return errCaller }
				err := p.Audit.Export(p.ctx, p.acme, ports.AuditQuery{},
					func(_, _ tenancy.AuditChain) error { return errCaller }, count)
				p.equal(errors.Is(err, errCaller), true, "whether Export returns begin's error: %v",
					err)
				p.equal(calls, 0, "how often yield is called after begin failed")
				err = p.Audit.Export(p.ctx, p.acme, ports.AuditQuery{}, ignoreEnds, count)
				p.equal(errors.Is(err, errCaller), true, "whether Export returns yield's error: %v",
					err)
				p.equal(calls, 1, "how often yield is called")
			},
		},
		{
			name: "ends are both ends of the chain",
			says: "Ends returns both ends of the tenant's chain: first is the entry before the" +
				" oldest stored one, the zero chain unless retention has removed entries; last is" +
				" the newest entry, the zero chain if there is none.",
			prove: func(p *probe) {
				first, last, err := p.Audit.Ends(p.ctx, tenancy.DefaultID)
				p.ok(err, "Audit.Ends")
				p.equal([]tenancy.AuditChain{first, last}, []tenancy.AuditChain{{}, {}},
					"the ends of a chain without entries")
				p.appendEvents(p.acme, "x.one")
				first, last, err = p.Audit.Ends(p.ctx, p.acme)
				p.ok(err, "Audit.Ends")
				p.equal(first, tenancy.AuditChain{}, "where acme's chain begins")
				for _, e := range p.logPage(p.acme, ports.AuditQuery{Limit: 1}) {
					p.equal(last, tenancy.AuditChain{Seq: e.Seq, Hash: e.Hash},
						"where acme's chain ends")
				}
			},
		},
	}
}

func ignoreEnds(_, _ tenancy.AuditChain) error { return nil }

// appendEvents appends an entry for each action.
func (p *probe) appendEvents(tenant tenancy.ID, actions ...string) {
	for _, action := range actions {
		p.ok(p.Audit.Append(p.ctx, tenant, tenancy.Event{Action: action}), "Audit.Append(%s)",
			action)
	}
}

func (p *probe) appendAs(tenant tenancy.ID, user, action string) {
	ctx := tenancy.WithPrincipal(p.ctx, tenancy.Principal{Kind: tenancy.UserPrincipal, ID: user})
	p.ok(p.Audit.Append(ctx, tenant, tenancy.Event{Action: action}), "Audit.Append(%s)", action)
}

func (p *probe) exportedActions(tenant tenancy.ID, f ports.AuditFilter) []string {
	return p.exported(tenant, ports.AuditQuery{AuditFilter: f})
}

// exported returns the actions of the exported entries, oldest first.
func (p *probe) exported(tenant tenancy.ID, q ports.AuditQuery) []string {
	actions := []string{}
	err := p.Audit.Export(p.ctx, tenant, q, ignoreEnds, func(e tenancy.AuditEntry) error {
		actions = append(actions, e.Action)
		return nil
	})
	p.ok(err, "Audit.Export(%+v)", q)
	return actions
}

// verifyChain requires that the tenant's entries form a chain from one end to the other.
func (p *probe) verifyChain(tenant tenancy.ID) {
	var chain, end tenancy.AuditChain
	var before time.Time
	err := p.Audit.Export(p.ctx, tenant, ports.AuditQuery{},
		func(first, last tenancy.AuditChain) error {
			chain, end = first, last
			return nil
		}, func(e tenancy.AuditEntry) error {
			if e.At.Before(before) {
				return fmt.Errorf("entry %d is older than the one before it", e.Seq)
			}
			before = e.At
			return chain.Next(e)
		})
	p.ok(err, "Audit.Export")
	p.equal(chain, end, "where the chain ends")
}

// asUser returns p's context with a user as the principal of a request.
func (p *probe) asUser(user string) context.Context {
	ctx := tenancy.WithPrincipal(p.ctx,
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: user, Name: "User " + user})
	return tenancy.WithRequest(ctx,
		tenancy.Request{ID: "request of " + user, Address: "192.0.2.1", Reason: "because"})
}
