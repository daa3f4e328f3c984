package folder

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// longText is the size in bytes from which a text of one line gets a file too.
const longText = 1000

// fileMember is the member of the object that replaces a text in its own file:
// {"$file": "prompt.txt"}. A member that has this name in the item itself gets one "$" more.
const fileMember = "$file"

// texts are the texts of an item that have files, by the files' names.
type texts map[string]string

// takeOut replaces each text that gets a file. at is the name of the file of a value.
func (t texts) takeOut(at string, value any) any {
	switch v := value.(type) {
	case string:
		if !strings.Contains(v, "\n") && len(v) < longText {
			return v
		}
		name := fileName(at) + ".txt"
		t[name] = v
		return map[string]any{fileMember: name}
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			list[i] = t.takeOut(below(at, strconv.Itoa(i)), element)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, member := range v {
			object[escaped(name)] = t.takeOut(below(at, name), member)
		}
		return object
	}
	return value
}

// below returns the place of a member or an element.
func below(at, name string) string {
	name = strings.NewReplacer("~", "~0", "/", "~1").Replace(name) // RFC 6901
	if at == "" {
		return name
	}
	return at + "/" + name
}

// escaped returns the name of a member that can't be taken for fileMember.
func escaped(name string) string {
	if isEscapable(name) {
		return "$" + name
	}
	return name
}

// isEscapable reports whether a name is fileMember with any number of "$".
func isEscapable(name string) bool {
	return strings.HasPrefix(name, "$") && strings.TrimLeft(name, "$") == fileMember[1:]
}

// putBack is the inverse of takeOut. read returns the text in a file of the item.
func putBack(value any, read func(name string) (string, error)) (any, error) {
	switch v := value.(type) {
	case []any:
		list := make([]any, len(v))
		for i, element := range v {
			var err error
			if list[i], err = putBack(element, read); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		if file, ok := v[fileMember]; ok {
			return textOf(v, file, read)
		}
		object := make(map[string]any, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			member, err := putBack(v[name], read)
			if err != nil {
				return nil, err
			}
			if isEscapable(name) {
				name = name[1:]
			}
			object[name] = member
		}
		return object, nil
	}
	return value, nil
}

func textOf(object map[string]any, file any, read func(string) (string, error)) (any, error) {
	name, ok := file.(string)
	if !ok || len(object) != 1 {
		return nil, fmt.Errorf("%s must be the only member of its object, and name a file", fileMember)
	}
	return read(name)
}

// treeOf returns the value of a JSON text. Numbers stay as they are written.
func treeOf(text []byte) (tree any, err error) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.UseNumber()
	return tree, d.Decode(&tree)
}
