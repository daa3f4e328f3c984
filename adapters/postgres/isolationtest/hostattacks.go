package isolationtest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	declared "github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// attackHostRoutes attacks the routes of Options.Routes. Before each write, and after all of a
// route, the attacker's rows become again what they were.
func (e *examination) attackHostRoutes(ctx context.Context) (seen bool) {
	for _, op := range e.routes {
		if !op.host || op.unfiltered && e.walls == FilterAlone {
			continue
		}
		if op.method == http.MethodGet {
			seen = e.readOwn(ctx, op) || seen
		} else if e.walls == BothWalls {
			e.writeOwn(ctx, op)
		}
		e.refuseStrangers(ctx, op)
		e.refuseViewer(ctx, op)
		all := e.hostRequests(ctx, op)
		for _, c := range all {
			c.resets = op.writes()
			e.record(op.attackName(), op.label()+" with "+c.description, e.compareResponses(ctx, c))
		}
		e.reset(ctx)
	}
	return seen
}

func (e *examination) hostRequests(ctx context.Context, op operation) []crossTenantRequest {
	return e.crossTenantRequests(ctx, op, func(body string, add addFunc) {
		e.addTenantRequests(op, add)
		e.addQueryRequests(op, add)
		e.addPathRequests(op, add)
		e.addLeadingRequests(op, add)
		e.addHostBodyRequests(op, body, add)
	})
}

// ownRequest is a request of the attacker for its own item.
func (e *examination) ownRequest(op operation) request {
	r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
	if op.writes() && op.sample != "" {
		r.media, r.body = op.media, op.sample
	}
	return r
}

// writeOwn sends a write that must be accepted: the attacks differ from it only in the values of
// the victim.
func (e *examination) writeOwn(ctx context.Context, op operation) {
	e.reset(ctx)
	answered := e.send(ctx, e.attacker, e.ownRequest(op))
	e.reset(ctx)
	reason := ""
	if !isReachable(answered.status) {
		reason = fmt.Sprintf("it answers an administrator of its own tenant with %d, so attacks"+
			" prove nothing; give a body that it accepts in Options.Bodies, or add it to"+
			" Options.Skip: %s", answered.status, answered.body)
	}
	e.record(op.attackName(), op.label()+" for the attacker's own item", reason)
}

// stranger is a request that a tenant's route must refuse, whatever it names.
type stranger struct {
	description string
	side        *tenantSide // nil: without credentials
	change      func(r *request)
}

func (e *examination) strangers() []stranger {
	attacker, victim := e.attacker.ID.String(), e.victim.ID.String()
	names := func(tenant string) func(r *request) {
		return func(r *request) { r.header[tenantHeader] = tenant }
	}
	both := func(first, second string) func(r *request) {
		return func(r *request) { r.header[tenantHeader], r.secondTenant = first, second }
	}
	return []stranger{
		{"no credentials", nil, func(*request) {}},
		{"no credentials and the other tenant in " + tenantHeader, nil, names(victim)},
		{"invalid credentials", nil, func(r *request) {
			r.header["Authorization"] = "Bearer " + nonexistentName
			r.header[tenantHeader] = attacker
		}},
		{"a tenant that doesn't exist", e.attacker, names(e.nonexistentFor(victim))},
		{"a suspended tenant in " + tenantHeader, e.attacker, names(e.suspended.ID.String())},
		{"the key of a suspended tenant", e.suspended, func(*request) {}},
		{"its own tenant, then the other", e.attacker, both(attacker, victim)},
		{"the other tenant, then its own", e.attacker, both(victim, attacker)},
	}
}

// refuseStrangers records who reached the route without being a member of the one tenant that the
// request names.
func (e *examination) refuseStrangers(ctx context.Context, op operation) {
	for _, s := range e.strangers() {
		req := e.ownRequest(op)
		s.change(&req)
		answered := e.send(ctx, s.side, req)
		reason := e.findLeak(req.text(), answered.text())
		switch {
		case reason != "":
			reason += ": " + answered.text()
		case answered.status < http.StatusMultipleChoices:
			reason = fmt.Sprintf("it is served, with %d: %s", answered.status, answered.body)
		case answered.status >= http.StatusInternalServerError:
			reason = "the attack couldn't be made: " + answered.text()
		}
		e.record(op.attackName(), op.label()+" with "+s.description, reason)
	}
}

// refuseViewer records a route with which a viewer changes rows of their tenant.
func (e *examination) refuseViewer(ctx context.Context, op operation) {
	if !op.writes() || e.options.Sign != nil && e.options.SignViewer == nil {
		return
	}
	e.reset(ctx)
	req := e.ownRequest(op)
	req.viewer = true
	answered := e.send(ctx, e.attacker, req)
	reason := e.findLeak(req.text(), answered.text())
	if changed := e.reset(ctx); changed != "" && reason == "" {
		reason = fmt.Sprintf("it is answered with %d and changed rows of %s", answered.status,
			changed)
	}
	e.record(op.attackName(), op.label()+" with a viewer's key", reason)
}

// addLeadingRequests puts values of the victim into the path parameters before the last one, which
// keeps the attacker's value.
func (e *examination) addLeadingRequests(op operation, add addFunc) {
	names := op.itemParameters()
	for i := range len(names) - 1 {
		outer := op
		before, _, _ := strings.Cut(op.path, "{"+names[i]+"}")
		outer.path = before + "{" + names[i] + "}"
		for _, value := range e.victimValues(outer) {
			add("the other tenant's "+valueKind(value)+" as "+names[i], value,
				func(v string) request {
					changed := op
					changed.leading = map[string]map[string]string{}
					for tenant, values := range op.leading {
						changed.leading[tenant] = maps.Clone(values)
						changed.leading[tenant][names[i]] = v
					}
					return changed.newRequest(e.attacker.ID.String(), e.attackerValue(op))
				})
		}
	}
}

// addHostBodyRequests puts values of the victim into the body: into each text that is there, into a
// member for each column of the host's tables that can hold one, and the tenant itself.
func (e *examination) addHostBodyRequests(op operation, body string, add addFunc) {
	if !op.writes() || op.method == http.MethodDelete && body == "" {
		return
	}
	sample := map[string]any{}
	if body != "" && json.Unmarshal([]byte(body), &sample) != nil {
		return
	}
	text := encode(sample)
	put := func(what, value string, change func(object map[string]any, v string)) {
		add(what, value, func(v string) request {
			object := map[string]any{}
			_ = json.Unmarshal(text, &object) // it was marshalled above
			change(object, v)
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.media, r.body = op.media, string(encode(object))
			return r
		})
	}
	for i := range countTexts(sample) {
		for _, value := range []string{e.victim.only, e.anyID()} {
			put("the other tenant's "+valueKind(value)+" in the body", value,
				func(object map[string]any, v string) { replaceText(object, v, i, new(int)) })
		}
	}
	for _, member := range e.hostColumns() {
		value := e.victim.only
		if member.Type == "uuid" {
			value = e.idFor(member)
		}
		put("the other tenant's "+valueKind(value)+" as "+member.Name, value,
			func(object map[string]any, v string) { object[member.Name] = v })
	}
	for _, column := range e.hostTenantColumns() {
		put("the other tenant as "+column, e.victim.ID.String(),
			func(object map[string]any, v string) { object[column] = v })
	}
}

// hostTenantColumns returns the names of the columns that hold the tenant's id in the host's tables.
func (e *examination) hostTenantColumns() []string {
	names := []string{declared.DefaultTenantColumn}
	for _, t := range e.tables {
		if !t.Library {
			names = append(names, t.Tenant)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// hostColumns returns the columns of the host's tables that may hold an id or a name, each name
// once.
func (e *examination) hostColumns() []column {
	found := map[string]column{}
	for _, t := range e.tables {
		for _, c := range t.columns {
			if _, known := found[c.Name]; !known && !t.Library && c.Name != t.Tenant &&
				(c.Type == "uuid" || t.isName(c)) {
				found[c.Name] = c
			}
		}
	}
	return slices.SortedFunc(maps.Values(found),
		func(a, b column) int { return strings.Compare(a.Name, b.Name) })
}

// idFor returns an id of the victim that the column can hold: of the table that it refers to, or of
// its own.
func (e *examination) idFor(c column) string {
	of, name := e.table(c.Relation), c.Name
	for _, r := range of.refs {
		if i := slices.Index(r.Columns, c.Name); i >= 0 && e.table(r.Target) != nil {
			of, name = e.table(r.Target), r.Refers[i]
		}
	}
	if found := e.victimOnlyRow(of, []string{name}); found != nil {
		return found.text(name)
	}
	return e.anyID()
}

func countTexts(v any) int {
	n := 0
	replaceText(v, "", -1, &n)
	return n
}

// replaceText replaces the text with the index place. It adds their number to at.
func replaceText(v any, text string, place int, at *int) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = replaceText(v[key], text, place, at)
		}
	case []any:
		for i := range v {
			v[i] = replaceText(v[i], text, place, at)
		}
	case string:
		*at++
		if *at-1 == place {
			return text
		}
	}
	return v
}
