package items

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// specTree is a decoded column spec. Numbers keep their digits, so that a spec of which some
// values are replaced is otherwise written as it was.
type specTree struct{ root any }

func parseSpec(spec []byte) (specTree, error) {
	d := json.NewDecoder(bytes.NewReader(spec))
	d.UseNumber()
	var t specTree
	err := d.Decode(&t.root)
	return t, err
}

// unescapePointer unescapes a token of a JSON Pointer (RFC 6901).
var unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")

// replace sets the value at the path of a [federation.SecretUse] and returns the value before.
func (t specTree) replace(path string, value any) (before any, err error) {
	item := any(map[string]any{"spec": t.root})
	var set func(any)
	before = item
	for token := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		token = unescapePointer.Replace(token)
		switch parent := before.(type) {
		case map[string]any:
			before = parent[token]
			set = func(v any) { parent[token] = v }
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(parent) {
				return nil, noPlace(path)
			}
			before = parent[i]
			set = func(v any) { parent[i] = v }
		default:
			return nil, noPlace(path)
		}
	}
	if set == nil {
		return nil, noPlace(path)
	}
	set(value)
	return before, nil
}

func noPlace(path string) error { return fmt.Errorf("postgres: no value at %s", path) }

// text returns the spec as JSON.
func (t specTree) text() (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(t.root)
	return b.String(), err
}
