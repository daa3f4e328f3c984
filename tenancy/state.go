package tenancy

import (
	"encoding/json"
	"slices"
	"time"
)

// State is the state of a tenant. A program asks a tenant for it with
// [Tenant.IsActive], [Tenant.IsSuspended] and [Tenant.IsDeleted], and changes it with
// [Tenant.SetState], [Tenant.Delete] and [Tenant.Restore].
type State string

// The states. A new tenant is active; it can be suspended or deleted. Deleting is
// soft: the rows and the slug stay, and members have no access. A deleted tenant
// can be restored or purged. A purge removes the tenant itself, so that there is
// no state for it; a [PurgeCertificate] remains.
const (
	Active    State = "active"
	Suspended State = "suspended"
	Deleted   State = "deleted"
)

// States returns every state.
func States() []State { return []State{Active, Suspended, Deleted} }

// SettableStates returns the states that [Tenant.SetState] accepts.
func SettableStates() []State { return []State{Active, Suspended} }

// Valid reports whether s is one of the states.
func (s State) Valid() bool { return slices.Contains(States(), s) }

// Settable reports whether [Tenant.SetState] accepts s.
func (s State) Settable() bool { return slices.Contains(SettableStates(), s) }

// NewTenant returns an active tenant without settings and quotas, as [CreateTenantEvent]
// records it and a store creates it.
func NewTenant(id ID, slug Slug, name string) Tenant {
	return Tenant{ID: id, Slug: slug, Name: name, State: Active, Settings: json.RawMessage(`{}`)}
}

// IsActive reports whether members may work in the tenant.
func (t Tenant) IsActive() bool { return t.State == Active }

// IsSuspended reports whether the tenant is suspended: its members see that, and
// nothing else of it.
func (t Tenant) IsSuspended() bool { return t.State == Suspended }

// IsDeleted reports whether the tenant is deleted: for all but super-admins it doesn't
// exist.
func (t Tenant) IsDeleted() bool { return t.State == Deleted }

// SetState suspends or activates a tenant. It returns an error with [CodeInvalid] for a
// state that isn't settable, and with [CodeInvalidState] if the tenant is deleted.
func (t *Tenant) SetState(s State) error {
	if !s.Settable() {
		return Errorf(CodeInvalid,
			"the state must be %s; use the delete operation to delete a tenant",
			Alternatives(SettableStates()))
	}
	if err := t.RequireNotDeleted(); err != nil {
		return err
	}
	t.State = s
	return nil
}

// Delete deletes the tenant softly, at a time that is stored in microseconds. A tenant
// that is deleted already is [ErrTenantNotFound]; the default tenant is
// [CodeInvalidState].
func (t *Tenant) Delete(at time.Time) error {
	switch {
	case t.ID == DefaultID:
		return Errorf(CodeInvalidState, "the default tenant can't be deleted")
	case t.IsDeleted():
		return ErrTenantNotFound
	}
	t.State, t.DeletedAt = Deleted, at.UTC().Truncate(time.Microsecond)
	return nil
}

// Restore makes a deleted tenant active again. Any other is [CodeInvalidState].
func (t *Tenant) Restore() error {
	if !t.IsDeleted() {
		return Errorf(CodeInvalidState, "the tenant is not deleted")
	}
	t.State, t.DeletedAt = Active, time.Time{}
	return nil
}

// RequireNotDeleted returns an error with [CodeInvalidState] if the tenant is deleted:
// it gets nothing new until it is restored.
func (t Tenant) RequireNotDeleted() error {
	if t.IsDeleted() {
		return Errorf(CodeInvalidState, "the tenant is deleted: restore it first")
	}
	return nil
}

// CheckPurge returns an error with [CodeInvalidState] for a tenant that can't be purged:
// the default tenant, and one that isn't deleted.
//
// Its SQL twin is the function bailiwick.purge, which asks again under its locks.
func (t Tenant) CheckPurge() error {
	switch {
	case t.ID == DefaultID:
		return Errorf(CodeInvalidState, "the default tenant can't be purged")
	case !t.IsDeleted():
		return Errorf(CodeInvalidState, "the tenant is not deleted: delete it first")
	}
	return nil
}

// changeAction is the name of a change of the state in the audit log.
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
