package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ListAudit answers entries of a tenant's audit log, the newest first: see
// [ports.Audit]. Admins of the tenant only.
func (s *Service) ListAudit(
	ctx context.Context, by tenancy.Principal, ref string, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	t, err := s.enter(ctx, by, ref, tenancy.ReadAudit)
	if err != nil {
		return nil, err
	}
	return s.audit.List(ctx, t.ID, q)
}

// ExportAudit gives a tenant's whole audit log, the oldest entry first: see
// [ports.Audit]. Admins of the tenant only.
func (s *Service) ExportAudit(
	ctx context.Context, by tenancy.Principal, ref string,
	begin func(t tenancy.Tenant, first, last tenancy.AuditChain) error,
	yield func(tenancy.AuditEntry) error,
) error {
	t, err := s.enter(ctx, by, ref, tenancy.ReadAudit)
	if err != nil {
		return err
	}
	return s.audit.Export(ctx, t.ID, ports.AuditQuery{},
		func(first, last tenancy.AuditChain) error { return begin(t, first, last) }, yield)
}

// ListPlatformAudit answers entries of all tenants' audit logs and of what belongs
// to none, the newest first: see [ports.PlatformAudit]. Super-admins only.
func (s *Service) ListPlatformAudit(
	ctx context.Context, by tenancy.Principal, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	if !by.SuperAdmin {
		return nil, tenancy.ErrForbidden
	}
	return s.overview.List(ctx, q)
}
