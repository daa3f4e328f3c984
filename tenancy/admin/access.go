package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// findVisible returns the tenant that ref names if by is a member of it. Unknown
// tenants, deleted tenants and tenants of others are the same error value.
func (s *Service) findVisible(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	if by.Anonymous() {
		return tenancy.Tenant{}, errUnauthenticated
	}
	t, err := s.findTenant(ctx, ref)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	case err != nil:
		return tenancy.Tenant{}, err
	case !by.MemberOf(t.ID), !by.SuperAdmin && t.IsDeleted():
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return t, nil
}

// findTenant reads the tenant that ref names, without any authorization. Slugs and
// ids can't be confused, because no slug has the form of an id.
func (s *Service) findTenant(ctx context.Context, ref string) (tenancy.Tenant, error) {
	if id, err := tenancy.ParseID(ref); err == nil {
		return s.tenants.Get(ctx, id)
	}
	slug, err := tenancy.ParseSlug(ref)
	if err != nil {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return s.tenants.BySlug(ctx, slug)
}

// authorize returns the tenant that ref names if its state allows access and by has
// the needed permission in it.
func (s *Service) authorize(
	ctx context.Context, by tenancy.Principal, ref string, needed tenancy.Permission,
) (tenancy.Tenant, error) {
	t, err := s.findVisible(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if err := checkState(by, t); err != nil {
		return tenancy.Tenant{}, err
	}
	if err := by.Authorize(t.ID, needed); err != nil {
		return tenancy.Tenant{}, err
	}
	return t, nil
}

// authorizeUndeleted is authorize for an operation that a deleted tenant refuses.
func (s *Service) authorizeUndeleted(
	ctx context.Context, by tenancy.Principal, ref string, needed tenancy.Permission,
) (tenancy.Tenant, error) {
	t, err := s.authorize(ctx, by, ref, needed)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return t, t.RequireNotDeleted()
}

// authorizeSuperAdmin returns the tenant that ref names if by is a super-admin.
func (s *Service) authorizeSuperAdmin(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	t, err := s.findVisible(ctx, by, ref)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if !by.SuperAdmin {
		return tenancy.Tenant{}, tenancy.ErrForbidden
	}
	return t, nil
}

// checkState returns the error of a member who works in a suspended or deleted
// tenant. A super-admin may work in every state.
func checkState(by tenancy.Principal, t tenancy.Tenant) error {
	switch {
	case by.SuperAdmin || t.IsActive():
		return nil
	case t.IsSuspended():
		return tenancy.ErrTenantSuspended
	}
	return tenancy.ErrTenantNotFound
}
