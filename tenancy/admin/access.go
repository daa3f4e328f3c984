package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	errSuspended = tenancy.Errorf(tenancy.CodeTenantSuspended,
		"the tenant is suspended: ask whoever runs this service")
	errDeleted = tenancy.Errorf(tenancy.CodeInvalidState, "the tenant is deleted: restore it first")
)

// find answers the tenant that ref names, if by has a place in it. All that
// isn't by's to know is one value.
func (s *Service) find(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	if by.Anonymous() {
		return tenancy.Tenant{}, errUnauthenticated
	}
	t, err := s.read(ctx, ref)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	case err != nil:
		return tenancy.Tenant{}, err
	case !by.MemberOf(t.ID), !by.SuperAdmin && t.State == tenancy.Deleted:
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return t, nil
}

func (s *Service) read(ctx context.Context, ref string) (tenancy.Tenant, error) {
	if id, err := tenancy.ParseID(ref); err == nil {
		return s.tenants.Get(ctx, id)
	}
	slug, err := tenancy.ParseSlug(ref)
	if err != nil {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return s.tenants.BySlug(ctx, slug)
}

// enter answers the tenant that ref names, if by may do in it what is needed.
func (s *Service) enter(
	ctx context.Context, by tenancy.Principal, ref string, needed tenancy.Permission,
) (tenancy.Tenant, error) {
	t, err := s.find(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if err := open(by, t); err != nil {
		return tenancy.Tenant{}, err
	}
	if err := by.Authorize(t.ID, needed); err != nil {
		return tenancy.Tenant{}, err
	}
	return t, nil
}

// govern answers the tenant that ref names, if by is a super-admin.
func (s *Service) govern(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	t, err := s.find(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if !by.SuperAdmin {
		return tenancy.Tenant{}, tenancy.ErrForbidden
	}
	return t, nil
}

// open is what t's state means to by: nothing to a super-admin.
func open(by tenancy.Principal, t tenancy.Tenant) error {
	switch {
	case by.SuperAdmin || t.State == tenancy.Active:
		return nil
	case t.State == tenancy.Suspended:
		return errSuspended
	}
	return tenancy.ErrTenantNotFound
}
