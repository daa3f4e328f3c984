package promote

import (
	"cmp"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/fairqueue"
)

// checkLimits bound the bundles that are checked at once: each may hold an item of
// [federation.MaxSpec] bytes in memory, several times.
var checkLimits = fairqueue.Limits{Slots: 4, PerKey: 2, MaxWaiting: maxSpools,
	MaxWait: 5 * time.Minute}

// Service exports and imports. It checks no permissions: the caller must do so
// before. It is safe for concurrent use.
type Service struct {
	ports  ports.Services
	space  *spoolSpace
	checks *fairqueue.Queue[tenancy.ID]
}

// New returns a Service that uses s.Kinds, s.Transfers, s.Tenants and s.Instance, with the
// default [Limits], and s.InstanceKeys if it isn't nil. If one of the others is missing, New
// panics and names it: that is a fault of the program.
func New(s ports.Services) *Service { return NewLimited(s, Limits{}) }

// NewLimited is [New] with other limits. A limit that is 0 has its default.
func NewLimited(s ports.Services, l Limits) *Service {
	if err := s.Require("Kinds", "Transfers", "Tenants", "Instance"); err != nil {
		panic("promote.New: " + err.Error())
	}
	return &Service{ports: s, space: newSpoolSpace(cmp.Or(l.Disk, defaultDisk)),
		checks: fairqueue.New[tenancy.ID](checkLimits)}
}
