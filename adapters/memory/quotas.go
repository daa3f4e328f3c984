package memory

import (
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkQuota returns an error if the tenant's quota of a kind is less than n items.
// The caller is the tenant's only writer, and holds s.mu.
func (s *Store) checkQuota(tenant tenancy.ID, kind string, n int64) error {
	limit, limited := s.tenants[tenant].Quotas.Resources[kind]
	if declared, _ := s.kinds.Kind(kind); !limited || n <= limit || declared.Singleton != "" {
		return nil
	}
	return tenancy.QuotaExceeded(kind, limit)
}

// count returns the number of stored items of a kind.
func (d *tenantData) count(kind string) (n int64) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for ref := range d.rows {
		if ref.Kind == kind {
			n++
		}
	}
	return n
}

// checkQuotas checks the kinds to which the import adds items. Kinds that were over a
// lowered quota before may still have items replaced.
func (im *importRun) checkQuotas() error {
	counts := map[string]int64{}
	for ref := range im.rows {
		counts[ref.Kind]++
	}
	im.s.mu.RLock()
	defer im.s.mu.RUnlock()
	for _, kind := range im.s.kinds.All() {
		if n := counts[kind.Name]; n > im.data.count(kind.Name) {
			if err := im.s.checkQuota(im.tenant, kind.Name, n); err != nil {
				return err
			}
		}
	}
	return nil
}
