package auditlog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

// maxFacts limits the text of an entry's details on a page, in bytes: a page has 50 entries,
// and a host's details may be of any length. The export has all of it.
const maxFacts = 1500

// facts returns the details of an entry as names and values, the reason apart. shortened
// says that there is more.
func facts(details json.RawMessage) (reason string, list []view.Fact, shortened bool) {
	d := json.NewDecoder(bytes.NewReader(details))
	d.UseNumber() // a number is shown as it was written
	var object map[string]any
	if d.Decode(&object) != nil {
		return "", nil, false
	}
	reason, _ = object["reason"].(string)
	if reason != "" {
		delete(object, "reason")
	}
	c := collector{left: maxFacts}
	c.object("", object)
	return clip(reason, maxFacts), c.list, c.shortened
}

// collector collects facts until their text is too long.
type collector struct {
	list      []view.Fact
	left      int
	shortened bool
}

// object adds the members of an object, sorted by name.
func (c *collector) object(above string, object map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(object)) {
		path := name
		if above != "" {
			path = above + " › " + name
		}
		if inner, ok := object[name].(map[string]any); ok && len(inner) > 0 {
			c.object(path, inner)
			continue
		}
		c.add(path, textOf(object[name]))
		if c.shortened {
			return
		}
	}
}

// add adds a fact as far as there is room.
func (c *collector) add(name, value string) {
	if c.left <= 0 {
		c.shortened = true
		return
	}
	fact := view.Fact{Name: clip(name, c.left), Value: clip(value, max(1, c.left-len(name)))}
	c.shortened = fact.Name != name || fact.Value != value
	c.left -= len(name) + len(value)
	c.list = append(c.list, fact)
}

// textOf returns a value as people read it: a text without quotes, all else as JSON.
func textOf(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case nil:
		return "nothing"
	case bool:
		return map[bool]string{true: "yes", false: "no"}[v]
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(text)
}

// clip returns at most limit bytes of a text, and whole characters.
func clip(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	cut := 0
	for i := range text {
		if i > limit {
			break
		}
		cut = i
	}
	return text[:cut] + "…"
}
