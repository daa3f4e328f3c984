package federation

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// specSecret is a value of a spec that is a secret and isn't null: a member that is declared as
// one, or a value that is marked as one.
type specSecret struct {
	field  string // the name of the member; of a marked value, its place in the spec
	path   jsontext.Pointer
	value  json.RawMessage
	marked bool
}

// parse returns the literal value of the secret; ok is false for a [SecretRef]. It
// adds to p any other value than these two. It never repeats the value, which may be
// a secret.
func (s specSecret) parse(p *problems) (literal string, ok bool) {
	if literal, ok = unquote(s.value); ok && literal != "" {
		return literal, true
	}
	if _, isRef := ParseSecretRef(s.value); isRef {
		return "", false
	}
	if s.marked {
		return string(s.value), true // a number, true or false
	}
	p.invalid(s.path, `must be a string that isn't empty, or {"$secret": "<name>"}`)
	return "", false
}

// normalSecret returns a [SecretRef] with its name in normal form, nil if it already is
// or if value is none.
func (f Field) normalSecret(value json.RawMessage) json.RawMessage {
	if !f.Secret {
		return nil
	}
	name, ok := ParseSecretRef(value)
	if !ok || name == NormalName(name) {
		return nil
	}
	return SecretRef(NormalName(name))
}

// mapSecrets calls replace with each secret of a sealed item that is set. It returns
// the item with the values that replace returned, not sealed yet; nil keeps the value.
func (k *Kinds) mapSecrets(
	item Item, replace func(*problems, specSecret) json.RawMessage,
) (Item, error) {
	s, err := k.schemaOf(item)
	if err != nil {
		return Item{}, err
	}
	if !s.mayHaveSecrets(item.Spec) {
		return item, nil
	}
	var p problems
	w := secretWalk{schema: s, p: &p, replace: replace}
	spec, err := w.spec(item.Spec)
	if err != nil {
		return Item{}, err
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return Item{}, err
	}
	if spec != nil {
		item.Spec = spec
	}
	return item, nil
}

// mayHaveSecrets reports whether the spec can have a secret. It is a quick test for the many
// specs that have none.
func (s *schema) mayHaveSecrets(spec json.RawMessage) bool {
	return slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Secret }) ||
		slices.ContainsFunc(s.MarkedSecrets, func(m MarkedSecret) bool {
			return bytes.Contains(spec, quoted(m.Marker))
		})
}

// secretWalk visits the secrets of a spec. Its methods return the value with the secrets
// replaced, nil if nothing was replaced.
type secretWalk struct {
	*schema
	p       *problems
	replace func(*problems, specSecret) json.RawMessage
}

func (w secretWalk) spec(spec json.RawMessage) (json.RawMessage, error) {
	return w.object(spec, "/spec", func(m member, path jsontext.Pointer) (json.RawMessage, bool) {
		if !w.fields[m.name].Secret {
			return nil, false
		}
		if m.isNull() {
			return nil, true
		}
		return w.replace(w.p, specSecret{field: m.name, path: path, value: m.value}), true
	})
}

// object visits an object. own handles a member itself, if it reports true.
func (w secretWalk) object(
	object json.RawMessage, at jsontext.Pointer,
	own func(member, jsontext.Pointer) (json.RawMessage, bool),
) (json.RawMessage, error) {
	members, err := splitObject(object)
	if err != nil {
		return nil, err
	}
	secret := w.markedMembers(members)
	changed := false
	for i, m := range members {
		path := at.AppendToken(m.name)
		value, handled := own(m, path)
		switch {
		case handled:
		case slices.Contains(secret, m.name):
			value, err = w.leaves(m.value, path)
		default:
			value, err = w.value(m.value, path)
		}
		if err != nil {
			return nil, err
		}
		if value != nil {
			members[i].value, changed = value, true
		}
	}
	if !changed {
		return nil, nil
	}
	return appendObject(make([]byte, 0, len(object)+64), members), nil
}

func notOwn(member, jsontext.Pointer) (json.RawMessage, bool) { return nil, false }

// markedMembers returns the names of the members that are secrets because the object is marked.
func (w secretWalk) markedMembers(members []member) []string {
	for _, rule := range w.MarkedSecrets {
		for _, m := range members {
			if m.name == rule.Marker && isMark(m.value) {
				return rule.Members
			}
		}
	}
	return nil
}

// isMark reports whether the value of a marker says yes. In doubt it does: a secret that isn't
// recognized is shown to everybody who may read.
func isMark(value json.RawMessage) bool {
	text, isString := unquote(value)
	switch {
	case isString:
		return text != "" && !strings.EqualFold(text, "false")
	}
	return string(value) != "false" && string(value) != "null" && string(value) != "0"
}

// value visits a value that isn't a secret itself.
func (w secretWalk) value(value json.RawMessage, at jsontext.Pointer) (json.RawMessage, error) {
	switch valueKind(value) {
	case jsontext.KindBeginObject:
		return w.object(value, at, notOwn)
	case jsontext.KindBeginArray:
		return mapArray(value, at, w.value)
	}
	return nil, nil
}

// leaves replaces every value within a marked one, except null and the empty string.
func (w secretWalk) leaves(value json.RawMessage, at jsontext.Pointer) (json.RawMessage, error) {
	_, isRef := ParseSecretRef(value)
	switch kind := valueKind(value); {
	case kind == jsontext.KindNull, string(value) == `""`:
		return nil, nil
	case kind == jsontext.KindBeginArray:
		return mapArray(value, at, w.leaves)
	case kind == jsontext.KindBeginObject && !isRef:
		members, err := splitObject(value)
		if err != nil {
			return nil, err
		}
		changed := false
		for i, m := range members {
			replaced, err := w.leaves(m.value, at.AppendToken(m.name))
			if err != nil {
				return nil, err
			}
			if replaced != nil {
				members[i].value, changed = replaced, true
			}
		}
		if !changed {
			return nil, nil
		}
		return appendObject(nil, members), nil
	}
	// the name of a secret is KIND/NAME/FIELD, so the field has no slash
	field := strings.ReplaceAll(strings.TrimPrefix(string(at), "/spec/"), "/", ".")
	return w.replace(w.p, specSecret{field: field, path: at, value: value, marked: true}), nil
}

// mapArray calls visit with each element.
func mapArray(
	array json.RawMessage, at jsontext.Pointer,
	visit func(json.RawMessage, jsontext.Pointer) (json.RawMessage, error),
) (json.RawMessage, error) {
	elements, err := splitArray(array)
	if err != nil {
		return nil, err
	}
	changed := false
	for i, element := range elements {
		replaced, err := visit(element, at.AppendToken(strconv.Itoa(i)))
		if err != nil {
			return nil, err
		}
		if replaced != nil {
			elements[i], changed = replaced, true
		}
	}
	if !changed {
		return nil, nil
	}
	return append(append([]byte{'['}, bytes.Join(rawBytes(elements), []byte{','})...), ']'), nil
}

func rawBytes(values []json.RawMessage) [][]byte {
	list := make([][]byte, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list
}
