package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// PurgeTenant removes a deleted tenant permanently, with everything that it owns.
// It returns a certificate, which the platform's audit log keeps too. Super-admins
// only. confirm must be the tenant's slug; otherwise the error is
// [tenancy.CodeInvalid] at /confirm. A tenant that isn't deleted is
// [tenancy.CodeInvalidState]; the default tenant always is. A purge can't be
// undone, and no new tenant gets the slug.
func (s *Service) PurgeTenant(
	ctx context.Context, by tenancy.Principal, ref, confirm string,
) (tenancy.PurgeCertificate, error) {
	t, err := s.authorizeSuperAdmin(ctx, by, ref)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	if confirm != string(t.Slug) {
		return tenancy.PurgeCertificate{},
			tenancy.AtPath("/confirm", tenancy.Errorf(tenancy.CodeInvalid,
				"repeat the tenant's slug to confirm the purge"))
	}
	return s.tenants.Purge(ctx, t.ID)
}
