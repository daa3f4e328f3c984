package trust

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The members of a tenant's settings from which [Parse] reads.
const (
	trustedKeysSetting      = "trusted_keys"
	requireSignatureSetting = "require_signature"
	requireSecretsSetting   = "require_secrets"
)

const (
	maxTrustedKeys = 100
	maxKeyID       = 64 // bytes
	wrongKeyID     = "must have 1 to %d bytes"
)

// Policy says which bundles a tenant accepts. The zero Policy accepts all but those with a wrong
// signature by a key of the instance itself.
type Policy struct {
	Keys     []PublicKey // with distinct ids
	Required bool        // a bundle must be signed, by one of Keys or by the instance itself
	Secrets  bool        // every secret that a bundle's items refer to must have a value
}

// Parse reads the members trusted_keys, require_signature and require_secrets of a tenant's
// settings. All other members are the host's. An invalid member is [tenancy.CodeInvalid], with paths such as
// /trusted_keys/0/public_key.
func Parse(settings json.RawMessage) (Policy, error) {
	var members map[string]json.RawMessage
	if len(settings) > 0 {
		if err := json.Unmarshal(settings, &members); err != nil {
			return Policy{}, refusal(tenancy.CodeInvalid, "", "must be an object")
		}
	}
	var p problems
	t := Policy{Required: parseFlag(&p, members, requireSignatureSetting),
		Secrets: parseFlag(&p, members, requireSecretsSetting)}
	if raw, ok := members[trustedKeysSetting]; ok {
		t.Keys = parseTrustedKeys(&p, raw)
	}
	if err := p.err(); err != nil {
		return Policy{}, err
	}
	return t, nil
}

// parseFlag returns false for a member that is missing or invalid.
func parseFlag(p *problems, members map[string]json.RawMessage, name string) bool {
	raw, ok := members[name]
	set := string(raw) == "true"
	if ok && !set && string(raw) != "false" {
		p.invalid("/"+name, "must be true or false")
	}
	return set
}

// parseTrustedKeys adds to p what is invalid.
func parseTrustedKeys(p *problems, raw json.RawMessage) (keys []PublicKey) {
	const at = "/" + trustedKeysSetting
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil || list == nil {
		p.invalid(at, `must be an array of {"key_id", "public_key"}`)
		return nil
	}
	if len(list) > maxTrustedKeys {
		p.invalid(at, "must have at most %d keys", maxTrustedKeys)
		return nil
	}
	for i, raw := range list {
		path := at + "/" + strconv.Itoa(i)
		var entry struct {
			ID  *string `json:"key_id"`
			Key *string `json:"public_key"`
		}
		d := json.NewDecoder(bytes.NewReader(raw))
		d.DisallowUnknownFields()
		if err := d.Decode(&entry); err != nil || entry.ID == nil || entry.Key == nil {
			p.invalid(path, `must have the strings "key_id" and "public_key", and nothing else`)
			continue
		}
		if *entry.ID == "" || len(*entry.ID) > maxKeyID {
			p.invalid(path+"/key_id", wrongKeyID, maxKeyID)
		}
		if slices.ContainsFunc(keys, func(k PublicKey) bool { return k.ID == *entry.ID }) {
			p.invalid(path+"/key_id", "appears twice")
		}
		key, err := ParseKey(*entry.Key)
		if err != nil {
			p.invalid(path+"/public_key", wrongKey)
		}
		keys = append(keys, PublicKey{ID: *entry.ID, Key: key})
	}
	return keys
}

// Check refuses a bundle that the tenant doesn't accept. own are the keys of the instance itself,
// which are always trusted. A signature by an unknown key counts as none, unless the tenant requires
// one or names the keys that it trusts. The errors are [tenancy.CodeSignatureRequired],
// [tenancy.CodeSignerUntrusted] and [tenancy.CodeSignatureInvalid].
func (t Policy) Check(m federation.Manifest, own []PublicKey) error {
	if m.Signature.IsZero() {
		if t.Required {
			return refusal(tenancy.CodeSignatureRequired, "/signature",
				"is missing: the tenant accepts only signed bundles")
		}
		return nil
	}
	var err error
	for _, key := range slices.Concat(t.Keys, own) {
		if key.ID != m.Signature.KeyID {
			continue
		}
		if err = Verify(m, key); err == nil {
			return nil
		}
	}
	if err == nil && (t.Required || len(t.Keys) > 0) {
		return refusal(tenancy.CodeSignerUntrusted, "/signature/key_id",
			"names a key that the tenant doesn't trust: add it to the setting "+trustedKeysSetting+
				" if it is right")
	}
	return err
}

// problems collects what is invalid in settings.
type problems []tenancy.Detail

func (p *problems) invalid(path, format string, args ...any) {
	*p = append(*p, tenancy.Detail{Path: path, Code: tenancy.CodeInvalid,
		Detail: fmt.Sprintf(format, args...)})
}

// err returns one error for all problems, nil if there are none.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	e := tenancy.Errorf(tenancy.CodeInvalid, "%s %s", p[0].Path, p[0].Detail)
	federation.SetDetails(e, p)
	return e
}

// refusal returns an error about one member of a bundle or of settings.
func refusal(code tenancy.Code, path, text string) error {
	e := tenancy.Errorf(code, "%s %s", path, text)
	if path == "" {
		e = tenancy.Errorf(code, "the settings %s", text)
	}
	e.Details = []tenancy.Detail{{Path: path, Code: code, Detail: text}}
	return e
}
