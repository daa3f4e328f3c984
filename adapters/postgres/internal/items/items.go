package items

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/ports"
)

// Provide sets the ports of resources, and of their export and import.
func Provide(s *ports.Services, p *pool.Pool, d *declare.Set, v *vault.Vault) {
	s.Resources = &resources{p, d, v}
	s.Transfers = &transfers{p, d}
}
