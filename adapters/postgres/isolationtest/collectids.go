package isolationtest

import (
	"context"
	"encoding/json"
	"maps"
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
	body := []byte(e.send(ctx, s, op.newRequest(s.ID.String(), "")).body)
	_ = json.Unmarshal(body, &page)
	if op.host && page.Items == nil {
		return firstObjects(body)
	}
	return page.Items
}

// firstObjects returns the list of objects in a body of another form: the body, or a member of it.
func firstObjects(body []byte) []map[string]any {
	var items []map[string]any
	if json.Unmarshal(body, &items) == nil {
		return items
	}
	var members map[string]json.RawMessage
	_ = json.Unmarshal(body, &members)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if json.Unmarshal(members[name], &items) == nil {
			return items
		}
	}
	return nil
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
	if value := e.tableValue(op, e.victim); len(values) == 0 && value != "" {
		return []string{value}
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

// tableValue returns a value of the side for the last parameter of a host's route: that of the
// column with the parameter's name, or the id, of the table with the collection's name.
func (e *examination) tableValue(op operation, s *tenantSide) string {
	names := op.itemParameters()
	if !op.host || len(names) == 0 {
		return ""
	}
	list := op.collectionPath()
	name := strings.ReplaceAll(list[strings.LastIndexByte(list, '/')+1:], "-", "_")
	for _, t := range e.tables {
		if t.Name != name || t.Library {
			continue
		}
		for _, r := range t.rows[s.ID] {
			for _, c := range []string{names[len(names)-1], "id"} {
				if text := r.text(c); text != "" {
					return text
				}
			}
		}
	}
	return ""
}

// fillLeading finds the tenants' own values for all path parameters of the host's routes but the
// last.
func (e *examination) fillLeading(context.Context) error {
	for i := range e.routes {
		op := &e.routes[i]
		names := op.itemParameters()
		if !op.host || len(names) < 2 {
			continue
		}
		op.leading = map[string]map[string]string{}
		for _, s := range []*tenantSide{e.attacker, e.victim} {
			own := map[string]string{}
			for _, name := range names[:len(names)-1] {
				outer := *op
				before, _, _ := strings.Cut(op.path, "{"+name+"}")
				outer.path = before + "{" + name + "}"
				own[name] = e.attackerValue(outer)
				if s == e.victim {
					own[name] = e.victimValue(outer)
				}
			}
			op.leading[s.ID.String()] = own
		}
	}
	return nil
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
	if value := e.tableValue(op, e.attacker); value != "" {
		return value
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
	if own := e.tableValue(op, e.victim); len(victims) == 0 && own != "" {
		return own
	}
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
	if op.media == "" || op.host {
		return op.sample
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
