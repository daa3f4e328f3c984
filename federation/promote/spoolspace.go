package promote

import (
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	defaultDisk = 4 << 30 // bytes

	// tenantParts is how many tenants can fill their part of the disk space at the same time.
	tenantParts = 4

	// maxSpools is the number of open spools of one tenant: an import has up to three at once.
	maxSpools = 128

	retryAfter = 10 * time.Second
)

// Limits bound what all exports and imports of a [Service] use together.
type Limits struct {
	// Disk is the size of all temporary files, in bytes. One tenant may use a quarter of it.
	// Defaults to 4 GiB.
	Disk int64
}

// spoolSpace counts the spools of each tenant and the bytes of their files, so that one
// tenant's slow clients can't take the disk from the others.
type spoolSpace struct {
	limit int64

	mu       sync.Mutex
	used     int64
	byTenant map[tenancy.ID]spoolUse
}

type spoolUse struct {
	spools int
	bytes  int64
}

func newSpoolSpace(limit int64) *spoolSpace {
	return &spoolSpace{limit: limit, byTenant: map[tenancy.ID]spoolUse{}}
}

// open returns an empty spool of the tenant.
func (s *spoolSpace) open(tenant tenancy.ID) (*spool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	use := s.byTenant[tenant]
	if use.spools == maxSpools {
		return nil, errNoSpace("too many exports and imports of this tenant are in progress")
	}
	use.spools++
	s.byTenant[tenant] = use
	return &spool{space: s, tenant: tenant}, nil
}

// reserve counts more bytes of a spool's file, which has size bytes now. A spool that alone
// exceeds the tenant's part is [tenancy.CodeTooLarge]: no later try would succeed.
func (s *spoolSpace) reserve(tenant tenancy.ID, size, more int64) error {
	part := s.limit / tenantParts
	if size+more > part {
		return tenancy.Errorf(tenancy.CodeTooLarge,
			"more than %d bytes of temporary space are needed: transfer fewer items at once", part)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	use := s.byTenant[tenant]
	switch {
	case use.bytes+more > part:
		return errNoSpace("exports and imports in progress use this tenant's temporary space")
	case s.used+more > s.limit:
		return errNoSpace("exports and imports in progress use the temporary space")
	}
	use.bytes += more
	s.used += more
	s.byTenant[tenant] = use
	return nil
}

// release counts a spool that is closed, with the size of its file.
func (s *spoolSpace) release(tenant tenancy.ID, size int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	use := s.byTenant[tenant]
	use.spools--
	use.bytes -= size
	s.used -= size
	s.byTenant[tenant] = use
	if use.spools == 0 {
		delete(s.byTenant, tenant)
	}
}

func errNoSpace(reason string) error {
	return tenancy.RetryIn(tenancy.CodeUnavailable, retryAfter, reason)
}
