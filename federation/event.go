package federation

import "github.com/bailiwick-go/bailiwick/tenancy"

// WriteEvent returns the audit event for a write that replaced before with after.
// A nil before means that the item is new. Both items must be sealed. secrets are
// the names of the secrets whose values the write set. The event contains digests:
// they identify the content without revealing it.
func WriteEvent(before *Item, after Item, secrets []string) tenancy.Event {
	e := tenancy.Event{
		Action: "resource.create", Target: eventTarget(after.Ref),
		Details: map[string]any{"after": after.Digest, "version": after.Version},
	}
	if before != nil {
		e.Action, e.Details["before"] = "resource.update", before.Digest
	}
	if len(secrets) > 0 {
		e.Details["secrets"] = secrets
	}
	return e
}

// DeleteEvent returns the audit event for the deletion of before, which must be
// sealed.
func DeleteEvent(before Item) tenancy.Event {
	return tenancy.Event{
		Action: "resource.delete", Target: eventTarget(before.Ref),
		Details: map[string]any{"before": before.Digest, "version": before.Version},
	}
}

// ImportEvent returns the audit event for an import, with the caller's details.
func ImportEvent(details map[string]any) tenancy.Event {
	return tenancy.Event{Action: "bundle.import", Target: tenancy.AuditTarget{Kind: "bundle"},
		Details: details}
}

func eventTarget(ref Ref) tenancy.AuditTarget {
	return tenancy.AuditTarget{Kind: ref.Kind, Name: ref.Name}
}
