package identity

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
)

// Provide sets the ports of tenants, their keys and people.
func Provide(s *ports.Services, p *pool.Pool, d *declare.Set) {
	s.Tenants = &tenants{p, d}
	s.Keys, s.KeyFinder = &keys{p}, &keyFinder{p}
	s.Users, s.Members, s.Memberships = &users{p}, &members{p}, &memberships{p}
	s.Invitations, s.InvitationFinder = &invitations{p}, &invitationFinder{p}
	s.Passwords, s.Identities = &passwords{p}, &identities{p}
	s.Sessions, s.SessionFinder = &sessions{p}, &sessionFinder{p}
	s.LoginAttempts = &loginAttempts{p}
}
