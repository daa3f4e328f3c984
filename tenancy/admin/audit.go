package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ListAudit returns entries of a tenant's audit log, the newest first: see
// [ports.Audit]. Admins of the tenant only.
func (s *Service) ListAudit(
	ctx context.Context, by tenancy.Principal, ref string, q ports.AuditQuery,
) ([]tenancy.AuditEntry, error) {
	t, err := s.authorize(ctx, by, ref, tenancy.AuditRead)
	if err != nil {
		return nil, err
	}
	return s.audit.List(ctx, t.ID, q)
}

// ExportAudit exports a tenant's whole audit log, the oldest entry first. It calls
// begin once, with the first and the last position of the chain, and then yield
// for each entry: see [ports.Audit]. Admins of the tenant only.
func (s *Service) ExportAudit(
	ctx context.Context, by tenancy.Principal, ref string,
	begin func(t tenancy.Tenant, first, last tenancy.AuditChain) error,
	yield func(tenancy.AuditEntry) error,
) error {
	t, err := s.authorize(ctx, by, ref, tenancy.AuditRead)
	if err != nil {
		return err
	}
	return s.audit.Export(ctx, t.ID, ports.AuditQuery{},
		func(first, last tenancy.AuditChain) error { return begin(t, first, last) }, yield)
}

// ListPlatformAudit returns entries of all tenants' audit logs and of the
// platform's own log, the newest first: see [ports.PlatformAudit]. Super-admins
// only.
func (s *Service) ListPlatformAudit(
	ctx context.Context, by tenancy.Principal, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	if !by.SuperAdmin {
		return nil, tenancy.ErrForbidden
	}
	return s.platformAudit.List(ctx, q)
}
