package admin

import (
	"context"
	"encoding/json"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// TenantChange says what to change of a tenant. What is nil or empty stays. The
// details of an error name its fields as /name, /settings, /quotas and /state.
type TenantChange struct {
	Name     *string         // what [tenancy.CheckName] admits
	Settings json.RawMessage // a JSON object, in place of the one before
	Quotas   *tenancy.Quotas // in place of those before; for super-admins
	State    tenancy.State   // active or suspended; for super-admins
}

// UpdateTenant changes a tenant and answers it as it is then: admins of the
// tenant its name and settings, super-admins its quotas and its state too. A
// tenant's admin can't give themselves more. A version other
// than 0 is the one that the caller has read: if the tenant has another by now
// it is [tenancy.CodeVersionMismatch]. A deleted tenant is
// [tenancy.CodeInvalidState]: see [Service.RestoreTenant]. Nothing changes on
// an error.
func (s *Service) UpdateTenant(
	ctx context.Context, by tenancy.Principal, ref string, c TenantChange, version int64,
) (tenancy.Tenant, error) {
	t, err := s.enter(ctx, by, ref, tenancy.UpdateTenant)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if (c.State != "" || c.Quotas != nil) && !by.SuperAdmin {
		return tenancy.Tenant{}, tenancy.ErrForbidden
	}
	if c, err = c.checked(); err != nil {
		return tenancy.Tenant{}, err
	}
	if c.Quotas != nil {
		if err := s.checkQuotas(*c.Quotas); err != nil {
			return tenancy.Tenant{}, err
		}
	}
	return s.change(ctx, t.ID, version, func(t *tenancy.Tenant) error {
		if err := open(by, *t); err != nil {
			return err
		}
		if t.State == tenancy.Deleted {
			return errDeleted
		}
		c.apply(t)
		return nil
	})
}

func (c TenantChange) checked() (TenantChange, error) {
	if c.Name != nil {
		if err := checkName(*c.Name); err != nil {
			return c, err
		}
	}
	if len(c.Settings) > 0 {
		settings, err := canonicalSettings(c.Settings)
		if err != nil {
			return c, err
		}
		c.Settings = settings
	}
	if c.State != "" && c.State != tenancy.Active && c.State != tenancy.Suspended {
		return c, at("/state", tenancy.Errorf(tenancy.CodeInvalid,
			"a tenant is made active or suspended; to delete it is another operation"))
	}
	return c, nil
}

func (c TenantChange) apply(t *tenancy.Tenant) {
	if c.Name != nil {
		t.Name = *c.Name
	}
	if len(c.Settings) > 0 {
		t.Settings = c.Settings
	}
	if c.Quotas != nil {
		t.Quotas = c.Quotas.Clone()
	}
	if c.State != "" {
		t.State = c.State
	}
}

// DeleteTenant deletes a tenant softly and answers it: its keys stop at once,
// its rows stay, and its slug stays taken. Super-admins only. A tenant that is
// deleted already is [tenancy.ErrTenantNotFound], the default tenant
// [tenancy.CodeInvalidState].
func (s *Service) DeleteTenant(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	t, err := s.govern(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if t.ID == tenancy.DefaultID {
		return tenancy.Tenant{},
			tenancy.Errorf(tenancy.CodeInvalidState, "the default tenant can't be deleted")
	}
	return s.change(ctx, t.ID, 0, func(t *tenancy.Tenant) error {
		if t.State == tenancy.Deleted {
			return tenancy.ErrTenantNotFound
		}
		t.State = tenancy.Deleted
		t.DeletedAt = s.now().UTC().Truncate(time.Microsecond)
		return nil
	})
}

// RestoreTenant makes a deleted tenant active again and answers it.
// Super-admins only. A tenant that isn't deleted is
// [tenancy.CodeInvalidState].
func (s *Service) RestoreTenant(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	t, err := s.govern(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return s.change(ctx, t.ID, 0, func(t *tenancy.Tenant) error {
		if t.State != tenancy.Deleted {
			return tenancy.Errorf(tenancy.CodeInvalidState, "the tenant is not deleted")
		}
		t.State, t.DeletedAt = tenancy.Active, time.Time{}
		return nil
	})
}

const maxAttempts = 5

// change reads the tenant, lets edit change it, and stores it if nobody else
// has meanwhile. If somebody has, it begins again, unless the caller gave the
// version that it must be.
func (s *Service) change(
	ctx context.Context, id tenancy.ID, version int64, edit func(*tenancy.Tenant) error,
) (tenancy.Tenant, error) {
	for range maxAttempts {
		t, err := s.tenants.Get(ctx, id)
		if err != nil {
			return tenancy.Tenant{}, err
		}
		if version != 0 && t.Version != version {
			return tenancy.Tenant{}, tenancy.Errorf(tenancy.CodeVersionMismatch,
				"the tenant changed since it was read: its version is %d; read it again", t.Version)
		}
		if err := edit(&t); err != nil {
			return tenancy.Tenant{}, err
		}
		stored, err := s.tenants.Update(ctx, t)
		if err == nil {
			s.changes.Invalidate(ports.ChangeNotification{Kind: ports.TenantChanged, ID: id})
		}
		if version != 0 || tenancy.CodeOf(err) != tenancy.CodeVersionMismatch {
			return stored, err
		}
	}
	return tenancy.Tenant{}, tenancy.Errorf(tenancy.CodeUnavailable,
		"too many changes of the tenant at once: try again")
}
