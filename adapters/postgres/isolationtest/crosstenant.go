package isolationtest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// harmlessRequests are the attacks that change nothing, even of ours, if the
// isolation holds.
func (e *examination) harmlessRequests(ctx context.Context, op operation) []crossTenantRequest {
	return e.crossTenantRequests(ctx, op, func(body string, add addFunc) {
		e.addTenantRequests(op, add)
		e.addQueryRequests(op, add)
		e.addConditionalRequests(ctx, op, add)
		e.addBodyRequests(op, body, add)
		if op.method == http.MethodGet {
			e.addPathRequests(op, add)
		}
	})
}

// createRequests are those that make something of our own under the other's name.
func (e *examination) createRequests(ctx context.Context, op operation) []crossTenantRequest {
	if op.method == http.MethodGet || op.method == http.MethodDelete {
		return nil
	}
	return e.crossTenantRequests(ctx, op, func(_ string, add addFunc) { e.addPathRequests(op, add) })
}

// deleteRequests are those that take it away again.
func (e *examination) deleteRequests(ctx context.Context, op operation) []crossTenantRequest {
	if op.method != http.MethodDelete {
		return nil
	}
	return e.crossTenantRequests(ctx, op, func(_ string, add addFunc) { e.addPathRequests(op, add) })
}

// crossTenantRequests collects the attacks that fill adds, and gives each its body.
func (e *examination) crossTenantRequests(
	ctx context.Context, op operation, fill func(body string, add addFunc),
) []crossTenantRequest {
	body := e.bodyFor(ctx, op, e.mostReferencingName(op))
	var all []crossTenantRequest
	fill(body, func(what, value string, ask func(value string) request) {
		c := crossTenantRequest{description: what, value: value, nonexistent: e.nonexistentFor(value), request: ask(value)}
		control := ask(c.nonexistent)
		for _, r := range []*request{&c.request, &control} {
			if r.body == "" && body != "" {
				r.media, r.body = op.media, body
			}
		}
		c.control = &control
		all = append(all, c)
	})
	return all
}

type addFunc func(what, value string, ask func(value string) request)

// mostReferencingName is the name of the item of ours that refers to most.
func (e *examination) mostReferencingName(op operation) string {
	if picks := op.itemParameters(); len(picks) > 0 &&
		slices.Contains(stringMembers(e.lists[op.collectionPath()].attacker, picks[len(picks)-1]), e.attacker.only) {
		return e.attacker.only
	}
	return e.attackerValue(op)
}

// nonexistentFor is a value of the same form that no tenant has, each time the same:
// what it creates, it removes.
func (e *examination) nonexistentFor(value string) string {
	if e.nonexistent[value] == "" {
		e.nonexistent[value] = nonexistentName
		switch {
		case uuidPattern.MatchString(value):
			e.nonexistent[value] = uuidPattern.ReplaceAllString(value, uuid.NewString())
		case strings.HasPrefix(value, "marker="):
			e.nonexistent[value] = "marker=" + nonexistentName
		}
	}
	return e.nonexistent[value]
}

func (e *examination) addPathRequests(op operation, add addFunc) {
	for _, value := range e.victimValues(op) {
		add("the other's "+valueKind(value)+" in the path", value,
			func(v string) request { return op.newRequest(e.attacker.ID.String(), v) })
	}
}

func valueKind(value string) string {
	if uuidPattern.MatchString(value) {
		return "id"
	}
	return "name"
}

// addTenantRequests names the other tenant, by id and slug, wherever a request can.
func (e *examination) addTenantRequests(op operation, add addFunc) {
	value := ""
	if theirs := e.victimValues(op); len(theirs) > 0 {
		value = theirs[0]
	}
	for _, name := range []string{e.victim.ID.String(), string(e.victim.Slug)} {
		add("the other tenant's "+valueKind(name)+" in "+tenantHeader, name, func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), value)
			r.header[tenantHeader] = v
			return r
		})
		if !strings.Contains(op.path, "{"+tenantParameter+"}") {
			continue
		}
		add("the other tenant's "+valueKind(name)+" in the path", name,
			func(v string) request { return op.newRequest(v, value) })
		add("the other tenant's "+valueKind(name)+" in the path and "+tenantHeader, name,
			func(v string) request {
				r := op.newRequest(v, value)
				r.header[tenantHeader] = v
				return r
			})
	}
}

// addQueryRequests asks for what the other has by every parameter that takes a text.
func (e *examination) addQueryRequests(op operation, add addFunc) {
	for _, p := range op.params {
		s := p.Schema
		if s.Items != nil {
			s = *s.Items
		}
		if p.In != "query" || s.Type != "string" || len(s.Enum) > 0 {
			continue
		}
		ask := func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.query.Set(p.Name, v)
			return r
		}
		if p.Name == "cursor" {
			e.addCursorRequest(op, add)
			continue
		}
		for _, value := range []string{e.victim.marker, e.victim.only, e.anyID()} {
			if text, ok := s.matchPattern(value); ok {
				add("the other's value in "+p.Name, text, ask)
			}
		}
	}
}

// matchPattern makes a value match the schema's pattern, if a label can.
func (s schema) matchPattern(value string) (string, bool) {
	pattern, err := regexp.Compile(s.Pattern)
	if err != nil {
		return "", false
	}
	for _, text := range []string{value, "marker=" + value} {
		if pattern.MatchString(text) {
			return text, true
		}
	}
	return "", false
}

func (e *examination) addCursorRequest(op operation, add addFunc) {
	for _, path := range slices.Compact([]string{op.path, ""}) {
		cursor := e.cursors[path]
		if cursor == "" {
			continue
		}
		e.nonexistent[cursor] = strings.Repeat("A", len(cursor))
		add("the other's cursor", cursor, func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.query.Set("cursor", v)
			r.query.Set("limit", "1")
			return r
		})
	}
}

// nonexistentETag is an ETag of no item.
const nonexistentETag = `"999983"`

// addConditionalRequests makes a request depend on the version of the other's item of
// the same name.
func (e *examination) addConditionalRequests(ctx context.Context, op operation, add addFunc) {
	get, ok := e.findOperation(http.MethodGet, op.path)
	if !ok {
		return
	}
	theirs := e.send(ctx, e.victim, get.newRequest(e.victim.ID.String(), e.attackerValue(op))).
		header.Get("ETag")
	ours := e.send(ctx, e.attacker, get.newRequest(e.attacker.ID.String(), e.attackerValue(op))).header.Get("ETag")
	if theirs == "" || theirs == ours {
		return
	}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if !op.hasParameter("header", name) {
			continue
		}
		e.nonexistent[theirs] = nonexistentETag
		add("the other's ETag in "+name, theirs, func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.header[name] = v
			return r
		})
	}
}

// addBodyRequests refers to what the other has: each text that names something of ours
// is replaced in turn.
func (e *examination) addBodyRequests(op operation, body string, add addFunc) {
	var parsed any
	if len(op.itemParameters()) == 0 || json.Unmarshal([]byte(body), &parsed) != nil {
		return
	}
	for i := range countNames(parsed) {
		add("the other's name in the body", e.victim.only, func(v string) request {
			var changed any
			_ = json.Unmarshal([]byte(body), &changed) // it was read above
			at := 0
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			changed = replaceName(changed, v, i, &at)
			r.media, r.body = op.media, string(encode(changed))
			return r
		})
	}
}

// countNames counts the texts that are shared names.
func countNames(v any) int {
	n := 0
	replaceName(v, "", -1, &n)
	return n
}

// replaceName replaces the shared name that comes at the place, and counts them all.
func replaceName(v any, name string, place int, at *int) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = replaceName(v[key], name, place, at)
		}
	case []any:
		for i := range v {
			v[i] = replaceName(v[i], name, place, at)
		}
	case string:
		if !slices.Contains(shared, v) {
			return v
		}
		*at++
		if *at-1 == place {
			return name
		}
	}
	return v
}
