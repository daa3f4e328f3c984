package federation

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const secretMember = "$secret"

// SecretName is the name under which a tenant's vault keeps the secret field of
// an item, like "model_config/gpt/api_key". Where that would be too long for a
// name it is "sha256:" and the digest of it, so that every secret has a name
// that [tenancy.CheckName] admits, and no two the same one.
func SecretName(ref Ref, field string) string {
	name := ref.Kind + "/" + ref.Name + "/" + field
	if tenancy.CheckName(name) == nil {
		return name
	}
	h := sha256.New()
	h.Write([]byte(name))
	return string(digestOf(h))
}

// SecretRef is what stands in a spec in place of a secret's value:
// {"$secret":"name"}, in canonical form.
func SecretRef(name string) json.RawMessage {
	return append(appendString([]byte(`{"`+secretMember+`":`), name), '}')
}

// ParseSecretRef reads what [SecretRef] writes. An object with any other
// member, or with a name that [tenancy.CheckName] refuses, is none.
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

// SecretUse says that an item refers to a secret.
type SecretUse struct {
	Kind   string `json:"kind"`
	Name   string `json:"name"`
	Path   string `json:"path"` // the place in the item: /spec/api_key
	Secret string `json:"secret"`
}
