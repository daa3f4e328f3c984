package admin

import "github.com/bailiwick-go/bailiwick/tenancy"

// checkQuotas refuses invalid limits, and limits of kinds that can't have one.
func (s *Service) checkQuotas(q tenancy.Quotas) error {
	if err := q.Check(); err != nil {
		return tenancy.AtPath("/quotas", err)
	}
	for kind := range q.Resources {
		if s.hasQuota(kind) {
			continue
		}
		return tenancy.AtPath("/quotas/resources",
			tenancy.Errorf(tenancy.CodeInvalid,
				"kind %q is unknown or a singleton: it can't have a limit", kind))
	}
	return nil
}

// hasQuota reports whether a kind can have a limit. A singleton can't: every tenant
// has exactly one item of it.
func (s *Service) hasQuota(kind string) bool {
	if s.kinds == nil {
		return false
	}
	declared, ok := s.kinds.Kind(kind)
	return ok && declared.Singleton == ""
}
