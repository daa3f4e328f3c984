package portstest

import (
	"reflect"
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
				for _, e := range p.log(p.acme, ports.AuditFilter{Action: "x.two"}) {
					p.equal(actionsOf(p.logPage(p.acme, ports.AuditQuery{Before: e.Seq, Limit: 1})),
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
				p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Actor: "u1"})), []string{"x.one"},
					"the actions of u1")
				p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Actor: "u"})), []string{},
					"the actions of an unknown actor")
				p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Actor: "u1", Action: "x.two"})),
					[]string{}, "the actions of u1 that are x.two")
				p.equal(p.allActions(ports.AuditFilter{Actor: "u1"}),
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
				p.equal(p.allActions(ports.AuditFilter{Action: "x.two"}), []string{"x.two"},
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
				p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Outcome: tenancy.Denied})),
					[]string{"x.two"}, "the tenant's denials")
				p.equal(p.allActions(ports.AuditFilter{Outcome: tenancy.Denied}),
					[]string{"x.two"}, "all denials")
				p.equal(p.exportedActions(p.acme, ports.AuditFilter{Outcome: tenancy.Failed}),
					[]string{}, "the exported failures")
			},
		},
		{
			name: "list selects a kind of target",
			says: "only entries whose target is of this kind",
			prove: func(p *probe) {
				p.appendAbout(p.acme, "x.one", "widget", "a")
				p.appendAbout(p.acme, "x.two", "part", "a")
				p.appendAbout(p.globex, "x.three", "widget", "b")
				of := func(kind string) ports.AuditFilter { return ports.AuditFilter{TargetKind: kind} }
				p.equal(actionsOf(p.log(p.acme, of("widget"))), []string{"x.one"}, "acme's widgets")
				p.equal(actionsOf(p.log(p.acme, of("widge"))), []string{}, "an unknown kind's")
				p.equal(p.allActions(of("widget")), []string{"x.three", "x.one"}, "all widgets")
			},
		},
		{
			name: "list selects a target",
			says: "only entries whose target has this name",
			prove: func(p *probe) {
				p.appendAbout(p.acme, "x.one", "widget", "a/b")
				p.appendAbout(p.acme, "x.two", "widget/a", "b")
				p.appendAbout(p.acme, "x.three", "part", "a/b")
				p.appendAbout(p.globex, "x.four", "widget", "a/b")
				filter := ports.AuditFilter{TargetName: "a/b"}
				p.equal(actionsOf(p.log(p.acme, filter)), []string{"x.three", "x.one"}, "by name")
				filter.TargetKind = "widget"
				p.equal(actionsOf(p.log(p.acme, filter)), []string{"x.one"}, "by kind and name")
				p.equal(p.exportedActions(p.acme, filter), []string{"x.one"}, "the exported ones")
				p.equal(p.allActions(filter), []string{"x.four", "x.one"}, "in all logs")
				filter.TargetName = "a/B"
				p.equal(p.allActions(filter), []string{}, "of a name that no target has")
			},
		},
		{
			name: "list selects entries since a time",
			says: "only entries at this time or later",
			prove: func(p *probe) {
				second := p.appendAtTwoTimes()
				p.equal(actionsOf(p.log(p.acme, ports.AuditFilter{Since: second})),
					[]string{"x.two"}, "the tenant's entries at the second time or later")
				p.equal(p.allActions(ports.AuditFilter{Since: second}), []string{"x.two"},
					"all entries at the second time or later")
			},
		},
		{
			name: "list selects entries until a time",
			says: "only entries before this time",
			prove: func(p *probe) {
				second := p.appendAtTwoTimes()
				before := ports.AuditFilter{Until: second}
				p.equal(actionsOf(p.logPage(p.acme,
					ports.AuditQuery{AuditFilter: before, Limit: 1})),
					[]string{"x.one"}, "the tenant's newest entry before the second time")
				p.equal(actionsOf(p.platformPage(
					ports.PlatformAuditQuery{AuditFilter: before, Limit: 1})),
					[]string{"x.one"}, "the newest of all entries before the second time")
			},
		},
		{
			name: "list combines its filters",
			says: "AuditFilter selects the entries that match each of its fields that isn't zero.",
			prove: func(p *probe) {
				f, match := p.appendNearMisses()
				p.equal(entryIDs(p.log(p.acme, f)), []string{match}, "the tenant's entry")
				p.equal(entryIDs(p.allEntries(f)), []string{match}, "the entry of all tenants")
				for field, wider := range withoutEachField(f) {
					p.equal(len(p.log(p.acme, wider)), 2,
						"the number of the tenant's entries without a filter of %s", field)
					p.equal(len(p.allEntries(wider)), 2,
						"the number of all entries without a filter of %s", field)
				}
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
				p.equal(int64(len(p.log(p.acme, ports.AuditFilter{}))), last.Seq,
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
	for _, e := range p.log(p.acme, ports.AuditFilter{Action: "x.two"}) {
		second = e.At
	}
	return second
}

// log returns the tenant's entries that match f, newest first, at most 1000.
func (p *probe) log(tenant tenancy.ID, f ports.AuditFilter) []tenancy.AuditEntry {
	return p.logPage(tenant, ports.AuditQuery{AuditFilter: f, Limit: 1000})
}

func (p *probe) logPage(tenant tenancy.ID, q ports.AuditQuery) []tenancy.AuditEntry {
	found, err := p.Audit.List(p.ctx, tenant, q)
	p.ok(err, "Audit.List(%+v)", q)
	return found
}

// appendNearMisses appends an entry to acme's log, and for each field of a filter another
// entry that differs only in that field. It returns the filter and the id of the one entry
// that it selects.
func (p *probe) appendNearMisses() (f ports.AuditFilter, match string) {
	p.appendEntry("u1", "x.one", tenancy.Denied) // before Since
	time.Sleep(2 * time.Microsecond)             // the resolution of the stored times
	since := p.appendEntry("u1", "x.one", tenancy.Denied)
	p.appendEntry("u2", "x.one", tenancy.Denied)
	p.appendEntry("u1", "x.two", tenancy.Denied)
	p.appendEntry("u1", "x.one", tenancy.Done)
	p.appendEntry("u1", "x.one", tenancy.Denied, "part", "a")
	p.appendEntry("u1", "x.one", tenancy.Denied, "widget", "b")
	time.Sleep(2 * time.Microsecond)
	until := p.appendEntry("u1", "x.one", tenancy.Denied)
	return ports.AuditFilter{Actor: "u1", Action: "x.one", Outcome: tenancy.Denied,
		TargetKind: "widget", TargetName: "a", Since: since.At, Until: until.At}, since.ID
}

// appendAbout appends an entry about a target.
func (p *probe) appendAbout(tenant tenancy.ID, action, kind, name string) {
	p.ok(p.Audit.Append(p.ctx, tenant, tenancy.Event{Action: action,
		Target: tenancy.AuditTarget{Kind: kind, Name: name}}), "Audit.Append(%s)", action)
}

// appendEntry appends an entry to acme's log and returns it. Its target is the widget a, or
// the given kind and name.
func (p *probe) appendEntry(
	user, action string, outcome tenancy.Outcome, about ...string,
) (entry tenancy.AuditEntry) {
	target := tenancy.AuditTarget{Kind: "widget", Name: "a"}
	if len(about) == 2 {
		target = tenancy.AuditTarget{Kind: about[0], Name: about[1]}
	}
	p.ok(p.Audit.Append(p.ctx, p.acme, tenancy.Event{Action: action, Outcome: outcome, Target: target,
		Actor: tenancy.Actor{Kind: "user", ID: user}}), "Audit.Append(%s)", action)
	for _, e := range p.logPage(p.acme, ports.AuditQuery{Limit: 1}) {
		entry = e
	}
	return entry
}

// withoutEachField returns f without each of its fields, by the field's name.
func withoutEachField(f ports.AuditFilter) map[string]ports.AuditFilter {
	all := map[string]ports.AuditFilter{}
	for field := range reflect.TypeFor[ports.AuditFilter]().Fields() {
		wider := f
		reflect.ValueOf(&wider).Elem().FieldByIndex(field.Index).SetZero()
		all[field.Name] = wider
	}
	return all
}

// actions returns the actions of the tenant's entries of one action.
func (p *probe) actions(tenant tenancy.ID, action string) []string {
	return actionsOf(p.log(tenant, ports.AuditFilter{Action: action}))
}

func entryIDs(entries []tenancy.AuditEntry) []string {
	ids := []string{}
	for _, e := range entries {
		ids = append(ids, e.ID)
	}
	return ids
}

func actionsOf(entries []tenancy.AuditEntry) []string {
	actions := []string{}
	for _, e := range entries {
		actions = append(actions, e.Action)
	}
	return actions
}
