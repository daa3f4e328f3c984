package admin

import (
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkQuotas refuses limits that are none, and those of what isn't counted.
func (s *Service) checkQuotas(q tenancy.Quotas) error {
	if err := q.Check(); err != nil {
		return at("/quotas", err)
	}
	for kind := range q.Resources {
		if s.counts(kind) {
			continue
		}
		return at("/quotas/resources",
			tenancy.Errorf(tenancy.CodeInvalid,
				"there is no kind %q that a tenant has any number of", kind))
	}
	return nil
}

// counts reports whether tenants have different numbers of a kind: a singleton's
// one item is there from the start and stays.
func (s *Service) counts(kind string) bool {
	if s.kinds == nil {
		return false
	}
	declared, ok := s.kinds.Kind(kind)
	return ok && declared.Singleton == ""
}
