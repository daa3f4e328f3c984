package promote

import (
	"context"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkTrust refuses a bundle that the tenant's settings, as they are now, don't accept. Settings
// that can't be read accept no bundle. It returns what the settings require.
func (s *Service) checkTrust(
	ctx context.Context, tenant tenancy.ID, m federation.Manifest,
) (policy trust.Policy, err error) {
	if tenant.IsZero() {
		return policy, tenancy.ErrNoTenant
	}
	t, err := s.ports.Tenants.Get(ctx, tenant)
	if err != nil {
		return policy, err
	}
	if policy, err = trust.Parse(t.Settings); err != nil {
		return policy, tenancy.Errorf(tenancy.CodeInvalidState,
			"no bundle is accepted: the tenant's setting %s", err).Because(err)
	}
	var own []trust.PublicKey
	if s.ports.InstanceKeys != nil {
		if own, err = s.ports.InstanceKeys.PublicKeys(ctx); err != nil {
			return policy, err
		}
	}
	return policy, policy.Check(m, own)
}
