package settings

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
)

// requireReason is the setting that has its own field.
const requireReason = "require_reason"

// parts are settings as the form has them.
type parts struct {
	known         bool // the field has the setting; else it is among the others
	requireReason bool
	others        string
}

// split returns the parts of settings. A value of a known setting that its field can't show
// stays among the others, so that nothing is lost.
func split(settings json.RawMessage) (parts, error) {
	members, err := membersOf(settings)
	if err != nil {
		return parts{}, err
	}
	var p parts
	switch value, ok := members[requireReason]; {
	case !ok, string(value) == "false":
		p.known = true
	case string(value) == "true":
		p.known, p.requireReason = true, true
	}
	if p.known {
		delete(members, requireReason)
	}
	text, err := textOf(members)
	p.others = indented(text)
	return p, err
}

// join returns the settings of a form. A member that is false stays as it was: false, or not
// there at all.
func join(r *page.Request, before json.RawMessage) (json.RawMessage, error) {
	members, err := membersOf([]byte(r.Form.Text("settings")))
	if err != nil {
		return nil, err
	}
	old, err := split(before)
	if err != nil || !old.known {
		return json.RawMessage(r.Form.Text("settings")), err
	}
	if _, twice := members[requireReason]; twice {
		return nil, fmt.Errorf("%q has a field above: remove it here", requireReason)
	}
	stored, err := membersOf(before)
	if err != nil {
		return nil, err
	}
	if _, was := stored[requireReason]; r.Form.Has(requireReason) {
		members[requireReason] = jsontext.Value("true")
	} else if was {
		members[requireReason] = jsontext.Value("false")
	}
	return textOf(members)
}

// membersOf reads an object. Numbers stay as they are written; a name that appears twice is an
// error.
func membersOf(text []byte) (map[string]jsontext.Value, error) {
	members := map[string]jsontext.Value{}
	if text = bytes.TrimSpace(text); len(text) == 0 {
		return members, nil
	}
	if text[0] != '{' {
		return nil, errors.New("this isn't a JSON object: begin with { and end with }")
	}
	if err := jsonv2.Unmarshal(text, &members); err != nil {
		return nil, fmt.Errorf("this isn't valid JSON: %w", placeOf(text, err))
	}
	return members, nil
}

// placeOf says in which line the JSON is wrong.
func placeOf(text []byte, err error) error {
	syntax, ok := errors.AsType[*jsontext.SyntacticError](err)
	if !ok {
		return err
	}
	read := text[:min(int(syntax.ByteOffset), len(text))]
	return fmt.Errorf("line %d: %w", bytes.Count(read, []byte("\n"))+1, syntax.Err)
}

func textOf(members map[string]jsontext.Value) (json.RawMessage, error) {
	return jsonv2.Marshal(members, jsonv2.Deterministic(true))
}

// indented returns JSON for people.
func indented(text json.RawMessage) string {
	var b bytes.Buffer
	if len(text) == 0 || json.Indent(&b, text, "", "  ") != nil {
		return "{}"
	}
	return b.String()
}

// reasonInWords says for readers whether super-admins must give a reason. The API takes each
// value but false and null for yes.
func reasonInWords(settings json.RawMessage) string {
	members, err := membersOf(settings)
	value := string(members[requireReason])
	if err == nil && (value == "" || value == "false" || value == "null") {
		return "no"
	}
	return "yes"
}
