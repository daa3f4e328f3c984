package isolationtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// section is a list as each side sees it: what the attacker is assumed to know
// of the other's.
type section struct {
	ours, theirs []map[string]any
}

// collectIDs reads every list as both sides.
func (e *examination) collectIDs(ctx context.Context) error {
	e.sections = map[string]section{}
	for _, op := range e.routes {
		if op.method != http.MethodGet || len(op.picks()) > 0 {
			continue
		}
		e.sections[op.path] = section{ours: e.listed(ctx, op, e.ours),
			theirs: e.listed(ctx, op, e.theirs)}
		if cursor := e.cursorOf(ctx, op); cursor != "" {
			e.cursors[op.path] = cursor
			if e.cursors[""] == "" {
				e.cursors[""] = cursor // of any list
			}
		}
	}
	return nil
}

func (e *examination) listed(ctx context.Context, op operation, s *side) []map[string]any {
	var page struct{ Items []map[string]any }
	// what is no list has no items
	_ = json.Unmarshal([]byte(e.send(ctx, s, op.ask(s.ID.String(), "")).body), &page)
	return page.Items
}

// cursorOf is where the second page of the other side's list begins.
func (e *examination) cursorOf(ctx context.Context, op operation) string {
	if !op.has("query", "limit") {
		return ""
	}
	asked := op.ask(e.theirs.ID.String(), "")
	asked.query.Set("limit", "1")
	var page struct {
		NextCursor string `json:"next_cursor"`
	}
	_ = json.Unmarshal([]byte(e.send(ctx, e.theirs, asked).body), &page)
	return page.NextCursor
}

// theirValues are what the last parameter of a path may name of the other
// side's: their own names and ids.
func (e *examination) theirValues(op operation) []string {
	picks := op.picks()
	if len(picks) == 0 {
		return nil
	}
	found := e.sections[op.list()]
	ours := append(textsOf(found.ours, picks[len(picks)-1]), textsOf(found.ours, "id")...)
	var values []string
	for _, v := range append(textsOf(found.theirs, picks[len(picks)-1]),
		textsOf(found.theirs, "id")...) {
		if !slices.Contains(ours, v) && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) > 0 {
		return values
	}
	return e.unlisted(op.list(), picks[len(picks)-1])
}

// unlisted is what a list would show of the other side if there were one: the
// values of the table that has its name.
func (e *examination) unlisted(list, column string) []string {
	name := strings.ReplaceAll(list[strings.LastIndexByte(list, '/')+1:], "-", "_")
	for _, t := range e.tables {
		if t.Name != name {
			continue
		}
		if r := e.onlyTheirs(t, []string{column}); r != nil && r.text(column) != "" {
			return []string{r.text(column)}
		}
	}
	return []string{e.theirs.only, e.anyID()}
}

// anyID is an id of a row of theirs.
func (e *examination) anyID() string {
	for _, t := range e.tables {
		if r := e.onlyTheirs(t, []string{"id"}); r != nil && r.text("id") != "" {
			return r.text("id")
		}
	}
	return e.theirs.ID.String()
}

// ourValue is what the last parameter of a path may name of our own, best what
// both sides have.
func (e *examination) ourValue(op operation) string {
	picks := op.picks()
	if len(picks) == 0 {
		return ""
	}
	found := e.sections[op.list()]
	ours, theirs := textsOf(found.ours, picks[len(picks)-1]),
		textsOf(found.theirs, picks[len(picks)-1])
	for _, v := range ours {
		if slices.Contains(theirs, v) {
			return v
		}
	}
	if len(ours) > 0 {
		return ours[0]
	}
	return shared[0]
}

// theirValue is what the last parameter of a path names when the other side asks
// for its own: what we would name, if both sides have it.
func (e *examination) theirValue(op operation) string {
	value, picks := e.ourValue(op), op.picks()
	if len(picks) == 0 {
		return value
	}
	theirs := textsOf(e.sections[op.list()].theirs, picks[len(picks)-1])
	if len(theirs) == 0 || slices.Contains(theirs, value) {
		return value
	}
	return theirs[0]
}

func textsOf(items []map[string]any, member string) []string {
	var texts []string
	for _, item := range items {
		if s, ok := item[member].(string); ok && s != "" {
			texts = append(texts, s)
		}
	}
	return texts
}

// bodyFor makes a body that the route takes: what it answers itself at a value
// of ours, a bundle for an import, else what the schema asks for.
func (e *examination) bodyFor(ctx context.Context, op operation, value string) string {
	if op.media == "" {
		return ""
	}
	if above, ok := strings.CutSuffix(op.path, "/import"); ok {
		if export, ok := e.find(http.MethodGet, above+"/export"); ok {
			return e.send(ctx, e.ours, export.ask(e.ours.ID.String(), "")).body
		}
	}
	example, ok := op.body.example(e.ours.marker).(map[string]any)
	if !ok {
		return string(encode(op.body.example(e.ours.marker)))
	}
	if one, ok := e.find(http.MethodGet, op.path); ok {
		var answered map[string]any
		_ = json.Unmarshal([]byte(e.send(ctx, e.ours, one.ask(e.ours.ID.String(), value)).body),
			&answered)
		for name := range op.body.Properties {
			if v, there := answered[name]; there {
				example[name] = v
			}
		}
	}
	return string(encode(example))
}
