package memory

import (
	"context"
	"encoding/json"
	"maps"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// record appends to the audit log of a tenant, or with the zero ID to that of
// none. An error means that what was to be done must not be: call it before the
// write that it tells of, under the same lock.
func (s *Store) record(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error {
	request := tenancy.RequestFrom(ctx)
	details := map[string]any{}
	maps.Copy(details, e.Details)
	if request.Reason != "" {
		details["reason"] = request.Reason
	}
	raw, err := json.Marshal(details)
	if err != nil {
		return err
	}
	entry := tenancy.AuditEntry{
		ID: s.newID(), Tenant: tenant, Actor: e.Actor, Action: e.Action, Target: e.Target,
		RequestID: request.ID, Address: request.Address, Outcome: e.Outcome, Details: raw,
	}
	if entry.Actor.Kind == "" {
		entry.Actor = tenancy.ActorFrom(ctx)
	}
	if entry.Outcome == "" {
		entry.Outcome = tenancy.Done
	}
	return s.log.append(entry, s.time)
}
