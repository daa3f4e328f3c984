package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// PurgeTenant removes a deleted tenant for good, with everything that it has, and
// answers a certificate, which also stays in the platform's audit log.
// Super-admins only. confirm is the tenant's slug, or it is [tenancy.CodeInvalid]
// at /confirm. A tenant that isn't deleted is [tenancy.CodeInvalidState], the
// default tenant always. There is no way back, and no new tenant gets the slug.
func (s *Service) PurgeTenant(
	ctx context.Context, by tenancy.Principal, ref, confirm string,
) (tenancy.PurgeCertificate, error) {
	t, err := s.govern(ctx, by, ref)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	if confirm != string(t.Slug) {
		return tenancy.PurgeCertificate{},
			at("/confirm", tenancy.Errorf(tenancy.CodeInvalid,
				"repeat the tenant's slug to confirm that it is to be purged"))
	}
	return s.tenants.Purge(ctx, t.ID)
}
