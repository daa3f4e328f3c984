package portstest

import (
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func auditList() []contractCase {
	return []contractCase{
		{
			name: "list pages newest first",
			says: "List returns at most q.Limit of the tenant's entries that match q, newest" +
				" first.",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two", "x.three", "x.four", "x.five")
				pages := [][]string{}
				for before := int64(0); len(pages) < 3; {
					found, err := p.Audit.List(p.ctx, p.acme,
						ports.AuditQuery{Before: before, Limit: 2})
					p.ok(err, "Audit.List")
					pages = append(pages, actionsOf(found))
					for _, e := range found {
						before = e.Seq
					}
				}
				p.equal(pages[:2], [][]string{{"x.five", "x.four"}, {"x.three", "x.two"}},
					"pages of two")
				p.equal(pages[2][0], "x.one", "the first of the third page")
			},
		},
		{
			name: "list continues before a Seq",
			says: "only entries with a smaller Seq, unless 0",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two")
				for _, e := range p.log(p.acme, ports.AuditQuery{Action: "x.two"}) {
					p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Before: e.Seq, Limit: 1})),
						[]string{"x.one"}, "the newest entry before the second")
				}
			},
		},
		{
			name: "list selects an actor",
			says: "only entries of the actor with this id",
			prove: func(p *probe) {
				p.appendAs(p.acme, "u1", "x.one")
				p.appendAs(p.acme, "u2", "x.two")
				p.appendAs(p.globex, "u1", "x.three")
				p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Actor: "u1"})), []string{"x.one"},
					"the actions of u1")
				p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Actor: "u"})), []string{},
					"the actions of an unknown actor")
				p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Actor: "u1", Action: "x.two"})),
					[]string{}, "the actions of u1 that are x.two")
				p.equal(p.allActions(ports.PlatformAuditQuery{Actor: "u1"}),
					[]string{"x.three", "x.one"}, "the actions of u1 in all logs")
			},
		},
		{
			name: "list selects an action",
			says: "only entries of this action",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one", "x.two", "x.one")
				p.equal(p.actions(p.acme, "x.one"), []string{"x.one", "x.one"}, "the entries")
				p.equal(p.actions(p.acme, "x"), []string{}, "the entries of an unknown action")
				p.equal(p.allActions(ports.PlatformAuditQuery{Action: "x.two"}), []string{"x.two"},
					"the entries of all tenants")
			},
		},
		{
			name: "list selects an outcome",
			says: "only entries with this outcome",
			prove: func(p *probe) {
				p.appendEvents(p.acme, "x.one")
				p.ok(p.Audit.Append(p.ctx, p.acme, tenancy.Event{Action: "x.two"}.Denied()),
					"Audit.Append of a denial")
				p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Outcome: tenancy.Denied})),
					[]string{"x.two"}, "the tenant's denials")
				p.equal(p.allActions(ports.PlatformAuditQuery{Outcome: tenancy.Denied}),
					[]string{"x.two"}, "all denials")
				p.equal(p.exportedActions(p.acme, ports.AuditQuery{Outcome: tenancy.Failed}),
					[]string{}, "the exported failures")
			},
		},
		{
			name: "list selects entries since a time",
			says: "only entries at this time or later",
			prove: func(p *probe) {
				second := p.appendAtTwoTimes()
				p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Since: second})),
					[]string{"x.two"}, "the tenant's entries at the second time or later")
				p.equal(p.allActions(ports.PlatformAuditQuery{Since: second}), []string{"x.two"},
					"all entries at the second time or later")
			},
		},
		{
			name: "list selects entries until a time",
			says: "only entries before this time",
			prove: func(p *probe) {
				second := p.appendAtTwoTimes()
				p.equal(actionsOf(p.log(p.acme, ports.AuditQuery{Until: second, Limit: 1})),
					[]string{"x.one"}, "the tenant's newest entry before the second time")
				p.equal(p.allActions(ports.PlatformAuditQuery{Until: second, Limit: 1}),
					[]string{"x.one"}, "the newest of all entries before the second time")
			},
		},
		{
			name: "list needs a positive limit",
			says: "Its zero value selects all; Limit must be positive.",
			prove: func(p *probe) {
				for _, limit := range []int{0, -1} {
					_, err := p.Audit.List(p.ctx, p.acme, ports.AuditQuery{Limit: limit})
					p.code(err, tenancy.CodeInvalid, "Audit.List with limit %d", limit)
					_, err = p.PlatformAudit.List(p.ctx, ports.PlatformAuditQuery{Limit: limit})
					p.code(err, tenancy.CodeInvalid, "PlatformAudit.List with limit %d", limit)
				}
				p.appendEvents(p.acme, "x.one")
				_, last, err := p.Audit.Ends(p.ctx, p.acme)
				p.ok(err, "Audit.Ends")
				p.equal(int64(len(p.log(p.acme, ports.AuditQuery{}))), last.Seq,
					"the number of all entries")
			},
		},
	}
}

// appendAtTwoTimes appends x.one and later x.two to acme's log, and returns the time
// of x.two.
func (p *probe) appendAtTwoTimes() (second time.Time) {
	p.appendEvents(p.acme, "x.one")
	time.Sleep(2 * time.Microsecond) // the resolution of the stored times
	p.appendEvents(p.acme, "x.two")
	for _, e := range p.log(p.acme, ports.AuditQuery{Action: "x.two"}) {
		second = e.At
	}
	return second
}

// log returns the tenant's entries that match q, newest first, at most 1000.
func (p *probe) log(tenant tenancy.ID, q ports.AuditQuery) []tenancy.AuditEntry {
	if q.Limit == 0 {
		q.Limit = 1000
	}
	found, err := p.Audit.List(p.ctx, tenant, q)
	p.ok(err, "Audit.List(%+v)", q)
	return found
}

// actions returns the actions of the tenant's entries of one action.
func (p *probe) actions(tenant tenancy.ID, action string) []string {
	return actionsOf(p.log(tenant, ports.AuditQuery{Action: action}))
}

func actionsOf(entries []tenancy.AuditEntry) []string {
	actions := []string{}
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	return actions
}
