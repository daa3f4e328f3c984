package tenancy

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// CreateTenantEvent is what the audit log says of a new tenant.
func CreateTenantEvent(t Tenant) Event {
	return Event{
		Action: "tenant.create", Target: tenantTarget(t),
		Details: map[string]any{"id": t.ID, "name": t.Name, "state": t.State, "after": t.digest()},
	}
}

// UpdateTenantEvent is what the audit log says of a change of a tenant. The action
// is named by the change of its state, where there is one; the digests are of
// name, state, settings and quotas together.
func UpdateTenantEvent(before, after Tenant) Event {
	details := map[string]any{"before": before.digest(), "after": after.digest(),
		"version": after.Version}
	if before.Name != after.Name {
		details["name"] = map[string]any{"before": before.Name, "after": after.Name}
	}
	if before.State != after.State {
		details["state"] = map[string]any{"before": before.State, "after": after.State}
	}
	return Event{Action: changeAction(before.State, after.State), Target: tenantTarget(after),
		Details: details}
}

func changeAction(before, after State) string {
	switch {
	case before == after:
		return "tenant.update"
	case after == Deleted:
		return "tenant.delete"
	case before == Deleted:
		return "tenant.restore"
	case after == Suspended:
		return "tenant.suspend"
	}
	return "tenant.activate"
}

// digest covers what can be changed of a tenant.
func (t Tenant) digest() string {
	var settings any
	d := json.NewDecoder(bytes.NewReader(t.Settings))
	d.UseNumber()
	if err := d.Decode(&settings); err != nil {
		settings = nil // a store keeps only what is JSON; none is as good as empty
	}
	// what was decoded can be encoded
	text, _ := json.Marshal([]any{t.Name, t.State, settings, t.Quotas.Clone()})
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))
}

func tenantTarget(t Tenant) AuditTarget { return AuditTarget{Kind: "tenant", Name: string(t.Slug)} }

// CreateKeyEvent is what the audit log says of a new API key.
func CreateKeyEvent(k APIKey) Event { return keyEvent("key.create", k) }

// RevokeKeyEvent is what the audit log says of an API key's end.
func RevokeKeyEvent(k APIKey) Event { return keyEvent("key.revoke", k) }

func keyEvent(action string, k APIKey) Event {
	details := map[string]any{"id": k.ID, "role": k.Role}
	if !k.ExpiresAt.IsZero() {
		details["expires_at"] = k.ExpiresAt.UTC()
	}
	return Event{Action: action, Target: AuditTarget{Kind: "key", Name: k.Name}, Details: details}
}

// SetSecretEvent is what the audit log says of a secret that was given a value:
// its name, and nothing of the value.
func SetSecretEvent(name string) Event {
	return Event{Action: "secret.set", Target: AuditTarget{Kind: "secret", Name: name}}
}
