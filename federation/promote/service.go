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

// New returns a Service that uses s.Kinds, s.Transfers and s.Instance, with the default
// [Limits]. It panics if one of them is missing, because that is a programming error.
func New(s ports.Services) *Service { return NewLimited(s, Limits{}) }

// NewLimited is [New] with other limits. A limit that is 0 has its default.
func NewLimited(s ports.Services, l Limits) *Service {
	switch {
	case s.Kinds == nil:
		panic("promote: Services.Kinds is nil")
	case s.Transfers == nil:
		panic("promote: Services.Transfers is nil")
	case s.Instance == "":
		panic("promote: Services.Instance is empty")
	}
	return &Service{ports: s, space: newSpoolSpace(cmp.Or(l.Disk, defaultDisk)),
		checks: fairqueue.New[tenancy.ID](checkLimits)}
}
