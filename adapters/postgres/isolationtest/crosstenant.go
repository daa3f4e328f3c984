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

// withoutTraces are the attacks that change nothing, even of ours, if the
// isolation holds.
func (e *examination) withoutTraces(ctx context.Context, op operation) []crossing {
	return e.crossings(ctx, op, func(body string, add adding) {
		e.asTenant(op, add)
		e.inQuery(op, add)
		e.underCondition(ctx, op, add)
		e.inBody(op, body, add)
		if op.method == http.MethodGet {
			e.inPath(op, add)
		}
	})
}

// creating are those that make something of our own under the other's name.
func (e *examination) creating(ctx context.Context, op operation) []crossing {
	if op.method == http.MethodGet || op.method == http.MethodDelete {
		return nil
	}
	return e.crossings(ctx, op, func(_ string, add adding) { e.inPath(op, add) })
}

// removing are those that take it away again.
func (e *examination) removing(ctx context.Context, op operation) []crossing {
	if op.method != http.MethodDelete {
		return nil
	}
	return e.crossings(ctx, op, func(_ string, add adding) { e.inPath(op, add) })
}

// crossings collects the attacks that fill adds, and gives each its body.
func (e *examination) crossings(
	ctx context.Context, op operation, fill func(body string, add adding),
) []crossing {
	body := e.bodyFor(ctx, op, e.richest(op))
	var all []crossing
	fill(body, func(what, value string, ask func(value string) request) {
		c := crossing{what: what, value: value, nobodys: e.nobodysFor(value), asked: ask(value)}
		control := ask(c.nobodys)
		for _, r := range []*request{&c.asked, &control} {
			if r.body == "" && body != "" {
				r.media, r.body = op.media, body
			}
		}
		c.control = &control
		all = append(all, c)
	})
	return all
}

type adding func(what, value string, ask func(value string) request)

// richest is the name of the item of ours that refers to most.
func (e *examination) richest(op operation) string {
	if picks := op.picks(); len(picks) > 0 &&
		slices.Contains(textsOf(e.sections[op.list()].ours, picks[len(picks)-1]), e.ours.only) {
		return e.ours.only
	}
	return e.ourValue(op)
}

// nobodysFor is a value of the same form that no tenant has, each time the same:
// what it creates, it removes.
func (e *examination) nobodysFor(value string) string {
	if e.nobodys[value] == "" {
		e.nobodys[value] = missing
		switch {
		case uuids.MatchString(value):
			e.nobodys[value] = uuids.ReplaceAllString(value, uuid.NewString())
		case strings.HasPrefix(value, "marker="):
			e.nobodys[value] = "marker=" + missing
		}
	}
	return e.nobodys[value]
}

func (e *examination) inPath(op operation, add adding) {
	for _, value := range e.theirValues(op) {
		add("the other's "+form(value)+" in the path", value,
			func(v string) request { return op.ask(e.ours.ID.String(), v) })
	}
}

func form(value string) string {
	if uuids.MatchString(value) {
		return "id"
	}
	return "name"
}

// asTenant names the other tenant, by id and slug, wherever a request can.
func (e *examination) asTenant(op operation, add adding) {
	value := ""
	if theirs := e.theirValues(op); len(theirs) > 0 {
		value = theirs[0]
	}
	for _, name := range []string{e.theirs.ID.String(), string(e.theirs.Slug)} {
		add("the other tenant's "+form(name)+" in "+tenantHeader, name, func(v string) request {
			r := op.ask(e.ours.ID.String(), value)
			r.header[tenantHeader] = v
			return r
		})
		if !strings.Contains(op.path, "{"+tenantParameter+"}") {
			continue
		}
		add("the other tenant's "+form(name)+" in the path", name,
			func(v string) request { return op.ask(v, value) })
		add("the other tenant's "+form(name)+" in the path and "+tenantHeader, name,
			func(v string) request {
				r := op.ask(v, value)
				r.header[tenantHeader] = v
				return r
			})
	}
}

// inQuery asks for what the other has by every parameter that takes a text.
func (e *examination) inQuery(op operation, add adding) {
	for _, p := range op.params {
		s := p.Schema
		if s.Items != nil {
			s = *s.Items
		}
		if p.In != "query" || s.Type != "string" || len(s.Enum) > 0 {
			continue
		}
		ask := func(v string) request {
			r := op.ask(e.ours.ID.String(), e.ourValue(op))
			r.query.Set(p.Name, v)
			return r
		}
		if p.Name == "cursor" {
			e.withCursor(op, add)
			continue
		}
		for _, value := range []string{e.theirs.marker, e.theirs.only, e.anyID()} {
			if text, ok := s.fit(value); ok {
				add("the other's value in "+p.Name, text, ask)
			}
		}
	}
}

// fit makes a value match the schema's pattern, if a label can.
func (s schema) fit(value string) (string, bool) {
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

func (e *examination) withCursor(op operation, add adding) {
	for _, path := range slices.Compact([]string{op.path, ""}) {
		cursor := e.cursors[path]
		if cursor == "" {
			continue
		}
		e.nobodys[cursor] = strings.Repeat("A", len(cursor))
		add("the other's cursor", cursor, func(v string) request {
			r := op.ask(e.ours.ID.String(), e.ourValue(op))
			r.query.Set("cursor", v)
			r.query.Set("limit", "1")
			return r
		})
	}
}

// noVersion is an ETag of no item.
const noVersion = `"999983"`

// underCondition makes a request depend on the version of the other's item of
// the same name.
func (e *examination) underCondition(ctx context.Context, op operation, add adding) {
	get, ok := e.find(http.MethodGet, op.path)
	if !ok {
		return
	}
	theirs := e.send(ctx, e.theirs, get.ask(e.theirs.ID.String(), e.ourValue(op))).
		header.Get("ETag")
	ours := e.send(ctx, e.ours, get.ask(e.ours.ID.String(), e.ourValue(op))).header.Get("ETag")
	if theirs == "" || theirs == ours {
		return
	}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if !op.has("header", name) {
			continue
		}
		e.nobodys[theirs] = noVersion
		add("the other's ETag in "+name, theirs, func(v string) request {
			r := op.ask(e.ours.ID.String(), e.ourValue(op))
			r.header[name] = v
			return r
		})
	}
}

// inBody refers to what the other has: each text that names something of ours
// is replaced in turn.
func (e *examination) inBody(op operation, body string, add adding) {
	var parsed any
	if len(op.picks()) == 0 || json.Unmarshal([]byte(body), &parsed) != nil {
		return
	}
	for i := range countNames(parsed) {
		add("the other's name in the body", e.theirs.only, func(v string) request {
			var changed any
			_ = json.Unmarshal([]byte(body), &changed) // it was read above
			at := 0
			r := op.ask(e.ours.ID.String(), e.ourValue(op))
			changed = rename(changed, v, i, &at)
			r.media, r.body = op.media, string(encode(changed))
			return r
		})
	}
}

// countNames counts the texts that are shared names.
func countNames(v any) int {
	n := 0
	rename(v, "", -1, &n)
	return n
}

// rename replaces the shared name that comes at the place, and counts them all.
func rename(v any, name string, place int, at *int) any {
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			v[key] = rename(v[key], name, place, at)
		}
	case []any:
		for i := range v {
			v[i] = rename(v[i], name, place, at)
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
