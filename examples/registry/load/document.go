package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxObject limits a file that is one JSON object, which is read as a whole.
const maxObject = 256 << 20

// objectRows returns the rows of a file that is one JSON object, by its shape: a list of the MCP
// registry, ToolHive's file, a list of this registry, one item, server.json or agent card, or
// an object of items by their names.
func objectRows(raw []byte) ([][]byte, error) {
	doc, err := splitMembers(raw)
	if err != nil {
		return nil, err
	}
	m := doc.byName
	switch {
	case textOf(m["format"]) == "bailiwick.bundle":
		return nil, errors.New("the file is a bundle: use the command import")
	case isObject(m["mcpServers"]):
		return nil, errors.New("the file is the configuration of a client, whose servers have no" +
			" descriptions: load a registry's file")
	case isArray(m["items"]):
		return elements(m["items"])
	case isArray(m["servers"]):
		return elements(m["servers"])
	case isObject(m["data"]) && !isRow(m):
		return objectRows(m["data"]) // ToolHive's file, or a response with an envelope
	case isObject(m["servers"]) && !isRow(m) && allObjects(m["servers"]):
		return toolHiveServers(m) // ToolHive's older file
	case isRow(m):
		return [][]byte{raw}, nil
	case len(m) > 0 && doc.allObjects():
		return doc.namedRows()
	}
	return nil, errors.New(`the object has none of the known shapes: an array of rows, {"servers": […]},` +
		` one server.json, one agent card, one item with name and spec, or an object of items by name`)
}

// isRow reports whether the members are those of one row.
func isRow(m members) bool {
	_, hasSpec := m["spec"]
	return textOf(m["name"]) != "" && (hasSpec || inferKind(m) != "") || isServerEntry(m)
}

func toolHiveServers(m members) (rows [][]byte, err error) {
	for _, list := range []string{"servers", "remote_servers"} {
		if !isObject(m[list]) {
			continue
		}
		doc, err := splitMembers(m[list])
		if err != nil {
			return nil, err
		}
		named, err := doc.namedRows()
		if err != nil {
			return nil, err
		}
		rows = append(rows, named...)
	}
	return rows, nil
}

// document is a JSON object whose members keep their order.
type document struct {
	names  []string
	byName members
}

// splitMembers returns the members of an object. A name that appears twice is an error.
func splitMembers(raw []byte) (document, error) {
	doc := document{byName: members{}}
	dec := jsontext.NewDecoder(strings.NewReader(string(raw)), jsontext.AllowInvalidUTF8(true))
	if _, err := dec.ReadToken(); err != nil {
		return doc, describeError(dec, err)
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return doc, describeError(dec, err)
		}
		text := name.String()
		value, err := dec.ReadValue()
		if err != nil {
			return doc, describeError(dec, err)
		}
		doc.names = append(doc.names, text)
		doc.byName[text] = json.RawMessage(value.Clone())
	}
	return doc, nil
}

func (d document) allObjects() bool {
	for _, value := range d.byName {
		if !isObject(value) {
			return false
		}
	}
	return true
}

// namedRows returns the values of an object of name → row, each with its name. A row that has
// another name than its key keeps it, so that it is refused.
func (d document) namedRows() ([][]byte, error) {
	var rows [][]byte
	for _, name := range d.names {
		row, err := splitMembers(d.byName[name])
		if err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		own, hasName := row.byName["name"]
		if hasName && textOf(own) != name {
			return nil, fmt.Errorf("the row with the key %q has another name: make them equal", name)
		}
		row.byName["name"] = mustJSON(name)
		raw, err := json.Marshal(row.byName)
		if err != nil {
			return nil, err
		}
		rows = append(rows, raw)
	}
	return rows, nil
}

func elements(raw json.RawMessage) ([][]byte, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("not JSON: %w", err)
	}
	rows := make([][]byte, len(list))
	for i, row := range list {
		rows[i] = row
	}
	return rows, nil
}

func allObjects(raw json.RawMessage) bool {
	doc, err := splitMembers(raw)
	return err == nil && doc.allObjects()
}

func isObject(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == '{' }
func isArray(raw json.RawMessage) bool  { return len(raw) > 0 && raw[0] == '[' }

// textOf returns the text of a JSON string; empty for any other value.
func textOf(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return ""
	}
	return text
}
