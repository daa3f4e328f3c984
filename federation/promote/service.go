package promote

import "github.com/bailiwick-go/bailiwick/ports"

// Service exports and imports. It asks nobody for permission: whoever calls it
// has checked that the caller may. It is safe for concurrent use.
type Service struct {
	ports ports.Services
}

// New makes a Service from Services.Kinds, Services.Transfers and
// Services.Instance. It panics if one of them is missing: that is a fault in
// the wiring of a program, not something that its users can mend.
func New(s ports.Services) *Service {
	switch {
	case s.Kinds == nil:
		panic("promote: Services.Kinds is nil")
	case s.Transfers == nil:
		panic("promote: Services.Transfers is nil")
	case s.Instance == "":
		panic("promote: Services.Instance is empty")
	}
	return &Service{ports: s}
}
