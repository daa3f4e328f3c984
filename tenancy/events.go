package tenancy

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
)

// CreateTenantEvent is recorded when a tenant is created.
func CreateTenantEvent(t Tenant) Event {
	return Event{
		Action: "tenant.create", Target: tenantTarget(t),
		Details: map[string]any{"id": t.ID, "name": t.Name, "state": t.State, "after": t.digest()},
	}
}

// UpdateTenantEvent is recorded when a tenant changes. If its state changes, the
// action is the name of that change, otherwise "tenant.update". The digests cover
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

// digest covers everything of a tenant that can change.
func (t Tenant) digest() string {
	var settings any
	d := json.NewDecoder(bytes.NewReader(t.Settings))
	d.UseNumber()
	if err := d.Decode(&settings); err != nil {
		settings = nil // a store keeps valid JSON only; no settings equal empty ones
	}
	text, _ := json.Marshal([]any{t.Name, t.State, settings, t.Quotas.Clone()}) // never fails
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))
}

func tenantTarget(t Tenant) AuditTarget { return AuditTarget{Kind: "tenant", Name: string(t.Slug)} }

// CreateKeyEvent is recorded when an API key is created.
func CreateKeyEvent(k APIKey) Event { return keyEvent("key.create", k) }

// RevokeKeyEvent is recorded when an API key is revoked.
func RevokeKeyEvent(k APIKey) Event { return keyEvent("key.revoke", k) }

func keyEvent(action string, k APIKey) Event {
	details := map[string]any{"id": k.ID, "role": k.Role}
	if !k.ExpiresAt.IsZero() {
		details["expires_at"] = k.ExpiresAt.UTC()
	}
	return Event{Action: action, Target: AuditTarget{Kind: "key", Name: k.Name}, Details: details}
}

// SetSecretEvent is recorded when a secret gets a value. It has the secret's name
// and nothing of the value.
func SetSecretEvent(name string) Event {
	return Event{Action: "secret.set", Target: AuditTarget{Kind: "secret", Name: name}}
}

// UnsetSecretEvent is recorded when the value of a secret is removed.
func UnsetSecretEvent(name string) Event {
	return Event{Action: "secret.unset", Target: AuditTarget{Kind: "secret", Name: name}}
}

// PurgeTenantEvent is recorded in the platform's audit log when a tenant is
// purged. Its details are the whole certificate.
func PurgeTenantEvent(c PurgeCertificate) Event {
	var details map[string]any
	raw, _ := json.Marshal(c)         // never fails: the fields are texts and numbers
	_ = json.Unmarshal(raw, &details) // never fails: a certificate is an object
	return Event{Action: "tenant.purge", Target: AuditTarget{Kind: "tenant", Name: string(c.Slug)},
		Details: details}
}

// CrossTenantReadEvent is recorded in the platform's audit log when a host's own code begins to
// read the rows of all tenants. The reason of the request, if it has one, is another detail.
func CrossTenantReadEvent(reason string) Event {
	return Event{Action: "platform.cross_tenant_read", Details: map[string]any{"purpose": reason}}
}
