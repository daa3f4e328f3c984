package admin

import (
	"context"
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// TenantChange is a change of a tenant. Nil or empty fields don't change. The
// details of an error name the fields as /name, /settings, /quotas and /state.
type TenantChange struct {
	Name     *string         // valid according to [tenancy.CheckName]
	Settings json.RawMessage // a JSON object, which replaces the settings
	Quotas   *tenancy.Quotas // replace the quotas; super-admins only
	State    tenancy.State   // see [tenancy.Tenant.SetState]; super-admins only
}

// UpdateTenant changes a tenant and returns the changed tenant. Admins of the
// tenant may change its name and settings. Only super-admins may change its quotas
// and its state, so that a tenant's admin can't raise the limits.
//
// A version other than 0 is the version that the caller has read. If the tenant
// has another version, the error is [tenancy.CodeVersionMismatch]. A deleted tenant
// is [tenancy.CodeInvalidState]: see [Service.RestoreTenant]. Nothing changes on an
// error.
func (s *Service) UpdateTenant(
	ctx context.Context, by tenancy.Principal, ref string, c TenantChange, version int64,
) (tenancy.Tenant, error) {
	t, err := s.authorize(ctx, by, ref, tenancy.TenantUpdate)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if c.State != "" || c.Quotas != nil {
		if !by.SuperAdmin {
			return tenancy.Tenant{}, tenancy.ErrForbidden
		}
		ctx = tenancy.RequireSuperAdmin(ctx)
	}
	if c, err = c.validated(); err != nil {
		return tenancy.Tenant{}, err
	}
	if c.Quotas != nil {
		if err := s.checkQuotas(*c.Quotas); err != nil {
			return tenancy.Tenant{}, err
		}
	}
	return s.change(ctx, t.ID, version, func(t *tenancy.Tenant) error {
		if err := checkState(by, *t); err != nil {
			return err
		}
		return c.apply(t)
	})
}

// validated checks the fields that need no store, and returns c with canonical
// settings. The state deleted is refused: it needs [Service.DeleteTenant].
func (c TenantChange) validated() (TenantChange, error) {
	if c.Name != nil {
		name := *c.Name
		if err := checkName(&name); err != nil {
			return c, err
		}
		c.Name = &name
	}
	if len(c.Settings) > 0 {
		settings, err := canonicalSettings(c.Settings)
		if err != nil {
			return c, err
		}
		c.Settings = settings
	}
	if c.State != "" {
		if err := new(tenancy.Tenant).SetState(c.State); err != nil {
			return c, tenancy.AtPath("/state", err)
		}
	}
	return c, nil
}

// apply changes t, which must not be deleted.
func (c TenantChange) apply(t *tenancy.Tenant) error {
	if err := t.RequireNotDeleted(); err != nil {
		return err
	}
	if c.Name != nil {
		t.Name = *c.Name
	}
	if len(c.Settings) > 0 {
		t.Settings = c.Settings
	}
	if c.Quotas != nil {
		t.Quotas = c.Quotas.Clone()
	}
	if c.State == "" {
		return nil
	}
	return t.SetState(c.State)
}

// DeleteTenant deletes a tenant softly and returns it: its keys are refused at
// once, its rows stay, and its slug stays taken. Super-admins only. A tenant that
// is already deleted is [tenancy.ErrTenantNotFound]; the default tenant is
// [tenancy.CodeInvalidState].
func (s *Service) DeleteTenant(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	t, err := s.authorizeSuperAdmin(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return s.change(ctx, t.ID, 0, func(t *tenancy.Tenant) error { return t.Delete(s.now()) })
}

// RestoreTenant makes a deleted tenant active again and returns it.
// Super-admins only. A tenant that isn't deleted is
// [tenancy.CodeInvalidState].
func (s *Service) RestoreTenant(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	t, err := s.authorizeSuperAdmin(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return s.change(ctx, t.ID, 0, (*tenancy.Tenant).Restore)
}

// maxAttempts limits the retries of a change, so that constant changes by others
// don't keep a request forever.
const maxAttempts = 5

// change reads the tenant, applies edit and stores the result, unless the tenant
// was changed since the read. In that case it tries again, if version is 0, or
// returns the version mismatch.
func (s *Service) change(
	ctx context.Context, id tenancy.ID, version int64, edit func(*tenancy.Tenant) error,
) (tenancy.Tenant, error) {
	for range maxAttempts {
		t, err := s.tenants.Get(ctx, id)
		if err != nil {
			return tenancy.Tenant{}, err
		}
		if version != 0 && t.Version != version {
			return tenancy.Tenant{}, tenancy.VersionMismatch("the tenant", t.Version)
		}
		if err := edit(&t); err != nil {
			return tenancy.Tenant{}, err
		}
		stored, err := s.tenants.Update(ctx, t)
		if err == nil {
			s.invalidations.Invalidate(ports.ChangeNotification{Kind: ports.TenantChanged, ID: id})
		}
		if version != 0 || tenancy.CodeOf(err) != tenancy.CodeVersionMismatch {
			return stored, err
		}
	}
	return tenancy.Tenant{}, tenancy.Errorf(tenancy.CodeUnavailable,
		"too many changes of the tenant at once: try again")
}
