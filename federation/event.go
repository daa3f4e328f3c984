package federation

import "github.com/bailiwick-go/bailiwick/tenancy"

// WriteEvent is what the audit log says of a write of after, over before or, when
// that is nil, as a new item. Both are sealed; secrets are the names of those
// whose value was set with it. Digests tell what changed and show nothing of it.
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

// DeleteEvent is what the audit log says of the removal of before, which is
// sealed.
func DeleteEvent(before Item) tenancy.Event {
	return tenancy.Event{
		Action: "resource.delete", Target: eventTarget(before.Ref),
		Details: map[string]any{"before": before.Digest, "version": before.Version},
	}
}

// ImportEvent is what the audit log says of an import, with the details that
// whoever imports gives.
func ImportEvent(details map[string]any) tenancy.Event {
	return tenancy.Event{Action: "bundle.import", Target: tenancy.AuditTarget{Kind: "bundle"},
		Details: details}
}

func eventTarget(ref Ref) tenancy.AuditTarget {
	return tenancy.AuditTarget{Kind: ref.Kind, Name: ref.Name}
}
