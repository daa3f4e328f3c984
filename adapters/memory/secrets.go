package memory

import (
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// extractSecrets replaces the literal secrets of a checked item by references, and
// returns the values by their names in the vault.
func extractSecrets(
	kind federation.Kind, item federation.Item,
) (federation.Item, map[string][]byte, error) {
	found, err := literalSecrets(kind, item)
	if err != nil || len(found) == 0 {
		return item, nil, err
	}
	members, err := specMembers(item)
	if err != nil {
		return federation.Item{}, nil, err
	}
	values := make(map[string][]byte, len(found))
	for field, value := range found {
		name := federation.SecretName(item.Ref, field)
		members[field] = federation.SecretRef(name)
		values[name] = []byte(value)
	}
	if item.Spec, err = json.Marshal(members); err != nil {
		return federation.Item{}, nil, err
	}
	item, err = item.Seal()
	return item, values, err
}

// refuseLiteralSecrets returns [tenancy.CodeInvalid] if item has literal secrets, with
// each place in Details.
func refuseLiteralSecrets(kind federation.Kind, item federation.Item) error {
	found, err := literalSecrets(kind, item)
	if err != nil || len(found) == 0 {
		return err
	}
	refusal := tenancy.Errorf(tenancy.CodeInvalid,
		"%s %q contains a secret in plain text; store it in the vault and refer to it", item.Kind,
		item.Name)
	for _, field := range kind.Fields {
		if _, literal := found[field.Name]; literal {
			path := "/spec/" + escapePointer(field.Name)
			refusal.Details = append(refusal.Details,
				tenancy.Detail{Path: path, Code: tenancy.CodeInvalid,
					Detail: `write a secret as {"$secret": "<name>"}`})
		}
	}
	return refusal
}

// literalSecrets returns the plain-text secrets of item by field.
func literalSecrets(kind federation.Kind, item federation.Item) (map[string]string, error) {
	found := map[string]string{}
	err := forEachSecret(kind, item, func(field string, raw json.RawMessage) error {
		if _, ok := federation.ParseSecretRef(raw); ok {
			return nil
		}
		var value string
		if err := json.Unmarshal(raw, &value); err != nil {
			return federation.InvalidSecret(field)
		}
		found[field] = value
		return nil
	})
	return found, err
}

// secretUses returns a checked item's references to secrets, in the order of its
// kind's fields.
func secretUses(kind federation.Kind, item federation.Item) ([]federation.SecretUse, error) {
	var found []federation.SecretUse
	err := forEachSecret(kind, item, func(field string, raw json.RawMessage) error {
		if name, ok := federation.ParseSecretRef(raw); ok {
			found = append(found, federation.SecretUse{
				Kind: item.Kind, Name: item.Name, Path: "/spec/" + escapePointer(field),
				Secret: name,
			})
		}
		return nil
	})
	return found, err
}

// forEachSecret calls visit for each secret field of item that is set.
func forEachSecret(
	kind federation.Kind, item federation.Item, visit func(field string, raw json.RawMessage) error,
) error {
	members, err := specMembers(item)
	if err != nil {
		return err
	}
	for _, field := range kind.Fields {
		raw, exists := members[field.Name]
		if !field.Secret || !exists || string(raw) == "null" {
			continue
		}
		if err := visit(field.Name, raw); err != nil {
			return err
		}
	}
	return nil
}

// specMembers parses the members of item's spec.
func specMembers(item federation.Item) (map[string]json.RawMessage, error) {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal(item.Spec, &members); err != nil {
		return nil, tenancy.Errorf(tenancy.CodeInvalidJSON, "the spec must be a JSON object").
			Because(err)
	}
	return members, nil
}
