package promote

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkTrust refuses a bundle that the tenant's settings, as they are now, don't accept. Settings
// that can't be read accept no bundle.
func (s *Service) checkTrust(
	ctx context.Context, tenant tenancy.ID, m federation.Manifest,
) error {
	if tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	t, err := s.ports.Tenants.Get(ctx, tenant)
	if err != nil {
		return err
	}
	policy, err := trust.Parse(t.Settings)
	if err != nil {
		return tenancy.Errorf(tenancy.CodeInvalidState,
			"no bundle is accepted: the tenant's setting %s", err).Because(err)
	}
	var own []trust.PublicKey
	if s.ports.InstanceKeys != nil {
		if own, err = s.ports.InstanceKeys.PublicKeys(ctx); err != nil {
			return err
		}
	}
	return policy.Check(m, own)
}
