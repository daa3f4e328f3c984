package isolationtest

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// listing is a list as each side sees it. The attacker is assumed to know the victim's.
type listing struct {
	attacker, victim []map[string]any
}

// collectIDs reads every list as both sides, and a cursor of the victim in each.
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
				e.cursors[""] = cursor // a cursor of any list
			}
		}
	}
	return nil
}

func (e *examination) listItems(ctx context.Context, op operation, s *tenantSide) []map[string]any {
	var page struct{ Items []map[string]any }
	// other answers than a list have no items
	_ = json.Unmarshal([]byte(e.send(ctx, s, op.newRequest(s.ID.String(), "")).body), &page)
	return page.Items
}

// secondPageCursor returns the cursor of the second page of the victim's list.
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

// victimValues returns names and ids that only the victim has, for the last parameter of the
// path.
func (e *examination) victimValues(op operation) []string {
	names := op.itemParameters()
	if len(names) == 0 {
		return nil
	}
	found := e.lists[op.collectionPath()]
	own := append(stringMembers(found.attacker, names[len(names)-1]),
		stringMembers(found.attacker, "id")...)
	var values []string
	for _, v := range append(stringMembers(found.victim, names[len(names)-1]),
		stringMembers(found.victim, "id")...) {
		if !slices.Contains(own, v) && !slices.Contains(values, v) {
			values = append(values, v)
		}
	}
	if len(values) > 0 {
		return values
	}
	return e.guessValues(op.collectionPath(), names[len(names)-1])
}

// guessValues returns values of the victim for a path without a list: those of the table with
// the collection's name.
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

// anyID returns the id of a row of the victim.
func (e *examination) anyID() string {
	for _, t := range e.tables {
		if r := e.victimOnlyRow(t, []string{"id"}); r != nil && r.text("id") != "" {
			return r.text("id")
		}
	}
	return e.victim.ID.String()
}

// attackerValue returns a value of the attacker for the last parameter of the path, preferably
// one that both sides have.
func (e *examination) attackerValue(op operation) string {
	names := op.itemParameters()
	if len(names) == 0 {
		return ""
	}
	found := e.lists[op.collectionPath()]
	own, victims := stringMembers(found.attacker, names[len(names)-1]),
		stringMembers(found.victim, names[len(names)-1])
	for _, v := range own {
		if slices.Contains(victims, v) {
			return v
		}
	}
	if len(own) > 0 {
		return own[0]
	}
	return shared[0]
}

// victimValue returns a value of the victim for the last parameter of the path: the same as
// attackerValue if both sides have it.
func (e *examination) victimValue(op operation) string {
	value, names := e.attackerValue(op), op.itemParameters()
	if len(names) == 0 {
		return value
	}
	victims := stringMembers(e.lists[op.collectionPath()].victim, names[len(names)-1])
	if len(victims) == 0 || slices.Contains(victims, value) {
		return value
	}
	return victims[0]
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

// bodyFor returns a body that the route accepts: an export for an import, otherwise an example of
// the schema with the members of the attacker's item value.
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
		_ = json.Unmarshal([]byte(
			e.send(ctx, e.attacker, one.newRequest(e.attacker.ID.String(), value)).body),
			&answered)
		for name := range op.body.Properties {
			if v, exists := answered[name]; exists {
				example[name] = v
			}
		}
	}
	return string(encode(example))
}
