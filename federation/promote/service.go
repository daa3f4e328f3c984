package promote

import "github.com/bailiwick-go/bailiwick/ports"

// Service exports and imports. It checks no permissions: the caller must do so
// before. It is safe for concurrent use.
type Service struct {
	ports ports.Services
}

// New returns a Service that uses s.Kinds, s.Transfers and s.Instance. It panics
// if one of them is missing, because that is a programming error.
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
