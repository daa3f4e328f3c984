package items

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/vault"
	"github.com/bailiwick-go/bailiwick/ports"
)

// Provide sets the ports Resources and Transfers of s. Literal secrets of items go to v.
func Provide(s *ports.Services, p *pool.Pool, d *declare.Set, v *vault.Vault) {
	s.Resources = &resources{p, d, v}
	s.Transfers = &transfers{p, d}
}
