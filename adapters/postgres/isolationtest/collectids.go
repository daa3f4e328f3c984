package isolationtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// listing is a list as each side sees it: what the attacker is assumed to know
// of the other's.
type listing struct {
	attacker, victim []map[string]any
}

// collectIDs reads every list as both sides.
func (e *examination) collectIDs(ctx context.Context) error {
	e.lists = map[string]listing{}
	for _, op := range e.routes {
		if op.method != http.MethodGet || len(op.itemParameters()) > 0 {
			continue
		}
		e.lists[op.path] = listing{attacker: e.listItems(ctx, op, e.attacker),
			victim: e.listItems(ctx, op, e.victim)}
		if cursor := e.secondPageCursor(ctx, op); cursor != "" {
			e.cursors[op.path] = cursor
			if e.cursors[""] == "" {
				e.cursors[""] = cursor // of any list
			}
		}
	}
	return nil
}

func (e *examination) listItems(ctx context.Context, op operation, s *tenantSide) []map[string]any {
	var page struct{ Items []map[string]any }
	// what is no list has no items
	_ = json.Unmarshal([]byte(e.send(ctx, s, op.newRequest(s.ID.String(), "")).body), &page)
	return page.Items
}

// secondPageCursor is where the second page of the other side's list begins.
func (e *examination) secondPageCursor(ctx context.Context, op operation) string {
	if !op.hasParameter("query", "limit") {
		return ""
	}
	asked := op.newRequest(e.victim.ID.String(), "")
	asked.query.Set("limit", "1")
	var page struct {
		NextCursor string `json:"next_cursor"`
	}
	_ = json.Unmarshal([]byte(e.send(ctx, e.victim, asked).body), &page)
	return page.NextCursor
}

// victimValues are what the last parameter of a path may name of the other
// side's: their own names and ids.
func (e *examination) victimValues(op operation) []string {
	picks := op.itemParameters()
	if len(picks) == 0 {
		return nil
	}
	found := e.lists[op.collectionPath()]
	ours := append(stringMembers(found.attacker, picks[len(picks)-1]), stringMembers(found.attacker, "id")...)
	var values []string
	for _, v := range append(stringMembers(found.victim, picks[len(picks)-1]),
		stringMembers(found.victim, "id")...) {
		if !slices.Contains(ours, v) && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) > 0 {
		return values
	}
	return e.guessValues(op.collectionPath(), picks[len(picks)-1])
}

// guessValues is what a list would show of the other side if there were one: the
// values of the table that has its name.
func (e *examination) guessValues(list, column string) []string {
	name := strings.ReplaceAll(list[strings.LastIndexByte(list, '/')+1:], "-", "_")
	for _, t := range e.tables {
		if t.Name != name {
			continue
		}
		if r := e.victimOnlyRow(t, []string{column}); r != nil && r.text(column) != "" {
			return []string{r.text(column)}
		}
	}
	return []string{e.victim.only, e.anyID()}
}

// anyID is an id of a row of theirs.
func (e *examination) anyID() string {
	for _, t := range e.tables {
		if r := e.victimOnlyRow(t, []string{"id"}); r != nil && r.text("id") != "" {
			return r.text("id")
		}
	}
	return e.victim.ID.String()
}

// attackerValue is what the last parameter of a path may name of our own, best what
// both sides have.
func (e *examination) attackerValue(op operation) string {
	picks := op.itemParameters()
	if len(picks) == 0 {
		return ""
	}
	found := e.lists[op.collectionPath()]
	ours, theirs := stringMembers(found.attacker, picks[len(picks)-1]),
		stringMembers(found.victim, picks[len(picks)-1])
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

// victimValue is what the last parameter of a path names when the other side asks
// for its own: what we would name, if both sides have it.
func (e *examination) victimValue(op operation) string {
	value, picks := e.attackerValue(op), op.itemParameters()
	if len(picks) == 0 {
		return value
	}
	theirs := stringMembers(e.lists[op.collectionPath()].victim, picks[len(picks)-1])
	if len(theirs) == 0 || slices.Contains(theirs, value) {
		return value
	}
	return theirs[0]
}

func stringMembers(items []map[string]any, member string) []string {
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
		if export, ok := e.findOperation(http.MethodGet, above+"/export"); ok {
			return e.send(ctx, e.attacker, export.newRequest(e.attacker.ID.String(), "")).body
		}
	}
	example, ok := op.body.example(e.attacker.marker).(map[string]any)
	if !ok {
		return string(encode(op.body.example(e.attacker.marker)))
	}
	if one, ok := e.findOperation(http.MethodGet, op.path); ok {
		var answered map[string]any
		_ = json.Unmarshal([]byte(e.send(ctx, e.attacker, one.newRequest(e.attacker.ID.String(), value)).body),
			&answered)
		for name := range op.body.Properties {
			if v, there := answered[name]; there {
				example[name] = v
			}
		}
	}
	return string(encode(example))
}
