package isolationtest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// harmlessRequests returns the attacks that change nothing if the isolation holds, not even the
// attacker's rows.
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

// createRequests returns the attacks that create an item of the attacker with the victim's
// name.
func (e *examination) createRequests(ctx context.Context, op operation) []crossTenantRequest {
	if op.method == http.MethodGet || op.method == http.MethodDelete {
		return nil
	}
	return e.crossTenantRequests(ctx, op,
		func(_ string, add addFunc) { e.addPathRequests(op, add) })
}

// deleteRequests returns the attacks that delete these items again.
func (e *examination) deleteRequests(ctx context.Context, op operation) []crossTenantRequest {
	if op.method != http.MethodDelete {
		return nil
	}
	return e.crossTenantRequests(ctx, op,
		func(_ string, add addFunc) { e.addPathRequests(op, add) })
}

// crossTenantRequests collects the attacks that fill adds, and gives each its body.
func (e *examination) crossTenantRequests(
	ctx context.Context, op operation, fill func(body string, add addFunc),
) []crossTenantRequest {
	body := e.bodyFor(ctx, op, e.mostReferencingName(op))
	var all []crossTenantRequest
	fill(body, func(what, value string, build func(value string) request) {
		c := crossTenantRequest{description: what, value: value,
			nonexistent: e.nonexistentFor(value), request: build(value)}
		control := build(c.nonexistent)
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

type addFunc func(what, value string, build func(value string) request)

// mostReferencingName returns the name of the attacker's item with the most references.
func (e *examination) mostReferencingName(op operation) string {
	if names := op.itemParameters(); len(names) > 0 &&
		slices.Contains(stringMembers(e.lists[op.collectionPath()].attacker, names[len(names)-1]),
			e.attacker.only) {
		return e.attacker.only
	}
	return e.attackerValue(op)
}

// nonexistentFor returns a value of the same form that no tenant has. It is the same each time:
// a value that creates an item also deletes it.
func (e *examination) nonexistentFor(value string) string {
	if e.nonexistent[value] == "" {
		e.nonexistent[value] = neighbour(value)
	}
	return e.nonexistent[value]
}

// neighbour returns a value that differs in the last character: it sorts next to value, so that a
// list which begins after either begins with the same item.
func neighbour(value string) string {
	if value == "" {
		return nonexistentName
	}
	if n, err := strconv.ParseInt(value, 10, 32); err == nil { // numbers are given in sequence
		return strconv.FormatInt(n+1_000_000, 10)
	}
	last := len(value) - 1
	if value[last] == '7' {
		return value[:last] + "6"
	}
	return value[:last] + "7"
}

func (e *examination) addPathRequests(op operation, add addFunc) {
	for _, value := range e.victimValues(op) {
		add("the other tenant's "+valueKind(value)+" in the path", value,
			func(v string) request { return op.newRequest(e.attacker.ID.String(), v) })
	}
}

func valueKind(value string) string {
	if uuidPattern.MatchString(value) || numberPattern.MatchString(value) {
		return "id"
	}
	return "name"
}

// addTenantRequests names the victim, by id and slug, in every place where a request can.
func (e *examination) addTenantRequests(op operation, add addFunc) {
	value := ""
	if victims := e.victimValues(op); len(victims) > 0 {
		value = victims[0]
	}
	for _, name := range []string{e.victim.ID.String(), string(e.victim.Slug)} {
		add("the other tenant's "+valueKind(name)+" in "+tenantHeader, name,
			func(v string) request {
				r := op.newRequest(e.attacker.ID.String(), value)
				r.header[tenantHeader] = v
				return r
			})
		if e.options.BaseDomain != "" && name == string(e.victim.Slug) {
			add("the other tenant's subdomain", name, func(v string) request {
				r := op.newRequest(e.attacker.ID.String(), value)
				r.hostName = v + "." + e.options.BaseDomain
				return r
			})
		}
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

// addQueryRequests sets every query parameter of type string to values of the victim.
func (e *examination) addQueryRequests(op operation, add addFunc) {
	for _, p := range op.params {
		s := p.Schema
		if s.Items != nil {
			s = *s.Items
		}
		if p.In != "query" || s.Type != "string" || len(s.Enum) > 0 {
			continue
		}
		build := func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.query.Set(p.Name, v)
			return r
		}
		if p.Name == "cursor" {
			e.addCursorRequest(op, add)
			continue
		}
		values := []string{e.victim.marker, e.victim.only, e.anyID()}
		if op.host && strings.HasPrefix(p.Name, "tenant") {
			values = []string{e.victim.ID.String(), string(e.victim.Slug)}
		}
		for _, value := range values {
			if text, ok := s.matchPattern(value); ok {
				add("the other tenant's value in "+p.Name, text, build)
			}
		}
	}
}

// matchPattern returns the value, as a label if the schema's pattern requires one.
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
		add("the other tenant's cursor", cursor, func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.query.Set("cursor", v)
			r.query.Set("limit", "1")
			return r
		})
	}
}

// nonexistentETag is an ETag that no item has.
const nonexistentETag = `"999983"`

// addConditionalRequests sets conditional headers to the ETag of the victim's item of the same
// name.
func (e *examination) addConditionalRequests(ctx context.Context, op operation, add addFunc) {
	get, ok := e.findOperation(http.MethodGet, op.path)
	if !ok {
		return
	}
	victims := e.send(ctx, e.victim, get.newRequest(e.victim.ID.String(), e.attackerValue(op))).
		header.Get("ETag")
	own := e.send(ctx, e.attacker, get.newRequest(e.attacker.ID.String(), e.attackerValue(op))).
		header.Get("ETag")
	if victims == "" || victims == own {
		return
	}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if !op.hasParameter("header", name) {
			continue
		}
		e.nonexistent[victims] = nonexistentETag
		add("the other tenant's ETag in "+name, victims, func(v string) request {
			r := op.newRequest(e.attacker.ID.String(), e.attackerValue(op))
			r.header[name] = v
			return r
		})
	}
}

// addBodyRequests replaces each shared name in the body in turn by the victim's.
func (e *examination) addBodyRequests(op operation, body string, add addFunc) {
	var parsed any
	if len(op.itemParameters()) == 0 || json.Unmarshal([]byte(body), &parsed) != nil {
		return
	}
	for i := range countNames(parsed) {
		add("the other tenant's name in the body", e.victim.only, func(v string) request {
			var changed any
			_ = json.Unmarshal([]byte(body), &changed) // it was parsed above
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

// replaceName replaces the shared name with the index place. It adds their number to at.
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
