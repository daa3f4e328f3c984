package federation

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

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
