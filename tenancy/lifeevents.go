package tenancy

import "encoding/json"

// PurgeTenantEvent is what the platform's audit log says of a purge: the whole
// certificate.
func PurgeTenantEvent(c PurgeCertificate) Event {
	var details map[string]any
	raw, _ := json.Marshal(c)         // texts and numbers always have a JSON form,
	_ = json.Unmarshal(raw, &details) // and that is an object
	return Event{Action: "tenant.purge", Target: AuditTarget{Kind: "tenant", Name: string(c.Slug)},
		Details: details}
}

// RotateKeyEvent is what the audit log says of a key whose place another took, and
// which ends when it says.
func RotateKeyEvent(old, made APIKey) Event {
	e := keyEvent("key.rotate", old)
	e.Details["rotated_to"] = made.ID
	return e
}
