package federation

import (
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// specSecret is a member of a spec that is declared as a secret and isn't null.
type specSecret struct {
	field string
	path  jsontext.Pointer // its place in the item
	value json.RawMessage
}

// parse returns the literal value of the secret; ok is false for a [SecretRef]. It
// adds to p any other value than these two. It never repeats the value, which may be
// a secret.
func (s specSecret) parse(p *problems) (literal string, ok bool) {
	if literal, ok = unquote(s.value); ok && literal != "" {
		return literal, true
	}
	if _, isRef := ParseSecretRef(s.value); !isRef {
		p.invalid(s.path, `must be a string that isn't empty, or {"$secret": "<name>"}`)
	}
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
	if !slices.ContainsFunc(s.Fields, func(f Field) bool { return f.Secret }) {
		return item, nil
	}
	members, err := splitObject(item.Spec)
	if err != nil {
		return Item{}, err
	}
	var p problems
	changed := false
	for i, m := range members {
		if !s.fields[m.name].Secret || m.isNull() {
			continue
		}
		path := jsontext.Pointer("/spec").AppendToken(m.name)
		value := replace(&p, specSecret{field: m.name, path: path, value: m.value})
		if value != nil {
			members[i].value, changed = value, true
		}
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return Item{}, err
	}
	if changed {
		item.Spec = appendObject(make([]byte, 0, len(item.Spec)+64), members)
	}
	return item, nil
}
