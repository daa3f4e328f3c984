package merge

import (
	"encoding/json"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ErrNoPlace is the error of a place that an item doesn't have.
var ErrNoPlace = tenancy.Errorf(tenancy.CodeNotFound, "the item has no such place")

// At returns the value at a place of a sealed item, such as /spec/model; nil if it has none.
func At(item federation.Item, place string) (json.RawMessage, error) {
	content, tokens, err := open(item, place)
	if err != nil {
		return nil, err
	}
	for _, token := range tokens {
		if content, err = below(content, token); err != nil || content == nil {
			return nil, err
		}
	}
	return content, nil
}

// Put returns the item with this value at a place, sealed; nil removes what is there. Only the
// last name of a place may be new, and an element of a list must be there, and stays: [ErrNoPlace]
// otherwise. So a value is never put where an item has lost what was meant.
func Put(item federation.Item, place string, value json.RawMessage) (federation.Item, error) {
	content, tokens, err := open(item, place)
	if err != nil {
		return federation.Item{}, err
	}
	if value != nil {
		if value, err = federation.Canonical(value); err != nil {
			return federation.Item{}, err
		}
		if tokens[0] == "labels" && value[0] != '"' {
			return federation.Item{}, tenancy.Errorf(tenancy.CodeInvalid, "a label must be a text")
		}
	}
	if content, err = put(content, tokens, value); err != nil {
		return federation.Item{}, err
	}
	return itemOf(item, content)
}

// open returns the content of an item, and the tokens of a place below its labels or its spec.
func open(item federation.Item, place string) (json.RawMessage, []string, error) {
	p := jsontext.Pointer(place)
	var tokens []string
	for token := range p.Tokens() {
		tokens = append(tokens, token)
	}
	if !p.IsValid() || len(tokens) < 2 || tokens[0] == "labels" && len(tokens) > 2 ||
		tokens[0] != "labels" && tokens[0] != "spec" {
		return nil, nil, tenancy.Errorf(tenancy.CodeInvalid,
			"%.200q is no place of an item: it must be a JSON Pointer such as /spec/model or"+
				" /labels/team", place)
	}
	content, err := contentOf(item)
	return content, tokens, err
}

// below returns the member or the element of a value; nil if it has none.
func below(value json.RawMessage, token string) (json.RawMessage, error) {
	switch value[0] {
	case '{':
		members, err := splitObject(value)
		return members[token], err
	case '[':
		elements, err := splitList(value)
		if i, ok := index(elements, token); ok {
			return elements[i], err
		}
		return nil, err
	}
	return nil, nil
}

// index reads the token of an element that is there. A token with a leading zero is none
// (RFC 6901, section 4).
func index(elements []json.RawMessage, token string) (int, bool) {
	i, err := strconv.Atoi(token)
	return i, err == nil && i >= 0 && i < len(elements) && strconv.Itoa(i) == token
}

// put returns the value with another one at the place of the tokens.
func put(in json.RawMessage, tokens []string, value json.RawMessage) (json.RawMessage, error) {
	if len(tokens) == 0 {
		return value, nil
	}
	switch {
	case in == nil:
		return nil, ErrNoPlace
	case in[0] == '{':
		return putMember(in, tokens, value)
	case in[0] == '[':
		return putElement(in, tokens, value)
	}
	return nil, ErrNoPlace
}

func putMember(in json.RawMessage, tokens []string, value json.RawMessage) (json.RawMessage, error) {
	members, err := splitObject(in)
	if err != nil {
		return nil, err
	}
	name := tokens[0]
	changed, err := put(members[name], tokens[1:], value)
	if err != nil {
		return nil, err
	}
	if members[name] = changed; changed == nil {
		delete(members, name)
	}
	return members.encode(), nil
}

func putElement(in json.RawMessage, tokens []string, value json.RawMessage) (json.RawMessage, error) {
	elements, err := splitList(in)
	if err != nil {
		return nil, err
	}
	i, ok := index(elements, tokens[0])
	if !ok {
		return nil, ErrNoPlace
	}
	changed, err := put(elements[i], tokens[1:], value)
	if err != nil {
		return nil, err
	}
	if changed == nil {
		return nil, ErrNoPlace
	}
	elements[i] = changed
	return encodeList(elements), nil
}
