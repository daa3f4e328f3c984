package federation

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const secretMember = "$secret"

// SecretName returns the name under which a tenant's vault stores the secret
// field of an item, like "model_config/gpt/api_key". If that isn't a valid name,
// because it is too long, the result is "sha256:" and its digest. So every secret
// has a unique name that [tenancy.CheckName] accepts.
func SecretName(ref Ref, field string) string {
	name := ref.Kind + "/" + ref.Name + "/" + field
	if tenancy.CheckName(name) == nil {
		return name
	}
	h := sha256.New()
	h.Write([]byte(name))
	return string(digestOf(h))
}

// SecretRef returns the reference that replaces a secret's value in a spec:
// {"$secret":"name"}, in canonical form.
func SecretRef(name string) json.RawMessage {
	return append(appendString([]byte(`{"`+secretMember+`":`), name), '}')
}

// ParseSecretRef parses a reference that [SecretRef] wrote. ok is false for any
// other value, for an object with another member, and for a name that
// [tenancy.CheckName] refuses.
func ParseSecretRef(raw json.RawMessage) (name string, ok bool) {
	d := jsontext.NewDecoder(bytes.NewBuffer(raw))
	for _, want := range []jsontext.Kind{jsontext.KindBeginObject, jsontext.KindString,
		jsontext.KindString, jsontext.KindEndObject} {
		depth := d.StackDepth()
		token, err := d.ReadToken()
		if err != nil || token.Kind() != want {
			return "", false
		}
		if depth == 1 && want == jsontext.KindString {
			if _, n := d.StackIndex(1); n == 1 && token.String() != secretMember {
				return "", false
			}
			name = token.String()
		}
	}
	return name, tenancy.CheckName(name) == nil
}

// SecretUse is a reference of an item to a secret.
type SecretUse struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Path   string `json:"path"`   // a JSON Pointer into the item: /spec/api_key
	Secret string `json:"secret"` // the secret's name in the vault
}

// Compare orders by kind, name and path, byte by byte. Lists of missing secrets have
// this order.
func (u SecretUse) Compare(other SecretUse) int {
	return cmp.Or(cmp.Compare(u.Kind, other.Kind), cmp.Compare(u.Name, other.Name),
		cmp.Compare(u.Path, other.Path))
}

// ExtractSecrets takes the literal values of secrets out of a sealed item. It returns
// the item sealed again, with a [SecretRef] in place of each value, and the values by
// their [SecretName]. An item without literal values is returned as it is. An
// undeclared kind is [tenancy.CodeNotFound]; a secret that [Kinds.Check] would refuse
// is [tenancy.CodeInvalid], as there.
func (k *Kinds) ExtractSecrets(item Item) (Item, map[string]string, error) {
	var values map[string]string
	uses := sync.OnceValue(func() []SecretUse { // only few items need them
		found, _ := k.SecretUses(item) // its errors are those of mapSecrets
		return found
	})
	taken := func(name string) bool {
		_, ok := values[name]
		return ok || slices.ContainsFunc(uses(), func(u SecretUse) bool { return u.Secret == name })
	}
	extracted, err := k.mapSecrets(item, func(p *problems, s specSecret) json.RawMessage {
		literal, ok := s.parse(p)
		if !ok {
			return nil
		}
		if values == nil {
			values = map[string]string{}
		}
		name := SecretName(item.Ref, s.field)
		// An element may have moved in its array, and kept the name of its old place.
		for n := 2; s.marked && taken(name); n++ {
			name = SecretName(item.Ref, s.field+"#"+strconv.Itoa(n))
		}
		values[name] = literal
		return SecretRef(name)
	})
	if err != nil || len(values) == 0 {
		return extracted, nil, err
	}
	extracted, err = extracted.Seal()
	return extracted, values, err
}

// MaskSecrets returns a sealed item as [Kinds.ExtractSecrets] does, without the values. Stores
// return items so that were written around them, with the values of secrets in clear. It
// never fails, so that no list fails for one item: of an item that ExtractSecrets refuses, it
// masks what is marked as a secret, whatever its form, and shows no spec in which it can't find
// the secrets. An item of an undeclared kind is returned as it is.
func (k *Kinds) MaskSecrets(item Item) Item {
	s, ok := k.byName[item.Kind]
	if !ok || len(s.MarkedSecrets) == 0 || !s.mayHaveSecrets(item.Spec) {
		return item
	}
	if masked, _, err := k.ExtractSecrets(item); err == nil {
		return masked
	}
	masked, err := k.mapSecrets(item, func(_ *problems, s specSecret) json.RawMessage {
		if _, ok := ParseSecretRef(s.value); ok {
			return nil
		}
		return SecretRef(SecretName(item.Ref, s.field))
	})
	if err != nil {
		masked = item
		masked.Spec = json.RawMessage("{}")
	}
	return masked.SealUnchecked()
}

// RefuseSecretValues returns [tenancy.CodeInvalid], with each place in Details, if a
// secret of a sealed item isn't a [SecretRef]. Bundles must not contain the value of a
// secret: no export writes one, and others may be able to read the file. An undeclared
// kind is [tenancy.CodeNotFound].
func (k *Kinds) RefuseSecretValues(item Item) error {
	_, err := k.mapSecrets(item, func(p *problems, s specSecret) json.RawMessage {
		if _, ok := ParseSecretRef(s.value); !ok {
			p.invalid(s.path, `must be {"$secret": "<name>"}: the values of secrets are set in`+
				` the vault`)
		}
		return nil
	})
	return err
}

// SecretUses returns the references of a sealed item to secrets, in the order of the
// spec. An undeclared kind is [tenancy.CodeNotFound].
func (k *Kinds) SecretUses(item Item) ([]SecretUse, error) {
	var uses []SecretUse
	_, err := k.mapSecrets(item, func(_ *problems, s specSecret) json.RawMessage {
		if name, ok := ParseSecretRef(s.value); ok {
			uses = append(uses, SecretUse{Kind: item.Kind, Name: item.Name,
				Path: string(s.path), Secret: name})
		}
		return nil
	})
	return uses, err
}

// RenameItem returns a sealed item under another name, sealed again. The references to
// the item's own secrets, which [Kinds.ExtractSecrets] named, get the names that it
// would give them now: the secrets with the old names may belong to another item. An
// undeclared kind is [tenancy.CodeNotFound].
func (k *Kinds) RenameItem(item Item, name string) (Item, error) {
	renamed := item
	renamed.Name = name
	renamed, err := k.mapSecrets(renamed, func(_ *problems, s specSecret) json.RawMessage {
		secret, ok := ParseSecretRef(s.value)
		if !ok {
			return nil
		}
		field, own := strings.CutPrefix(secret, item.Kind+"/"+item.Name+"/")
		switch {
		case own && !strings.Contains(field, "/"):
			return SecretRef(SecretName(renamed.Ref, field))
		case secret == SecretName(item.Ref, s.field):
			return SecretRef(SecretName(renamed.Ref, s.field))
		}
		return nil
	})
	if err != nil {
		return Item{}, err
	}
	return renamed.Seal()
}
