package memory

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// checkRight returns an error if the right of ctx's call has ended; see package ports.
// Every method that writes calls it first under the lock of its write. The caller holds
// s.mu until the write is done: every method that takes a right away holds it too.
func (s *Store) checkRight(ctx context.Context) error {
	right, ok := tenancy.RightFrom(ctx)
	if !ok {
		return nil
	}
	return right.Check(s.standing(right))
}

// holdRight is checkRight for a write that another lock protects. If it returns no error,
// no right ends until release is called.
func (s *Store) holdRight(ctx context.Context) (release func(), err error) {
	s.mu.RLock()
	if err := s.checkRight(ctx); err != nil {
		s.mu.RUnlock()
		return nil, err
	}
	return s.mu.RUnlock, nil
}

// standing returns what the store has about a right. The caller holds s.mu.
func (s *Store) standing(right tenancy.Right) tenancy.Standing {
	now := tenancy.Standing{State: s.tenants[right.Tenant].State}
	switch by := right.Principal; by.Kind {
	case tenancy.KeyPrincipal:
		key, found := s.keys[by.ID]
		now.Valid, now.ExpiresAt = found, key.ExpiresAt
		if key.Tenant == right.Tenant {
			now.Role = key.Role
		}
	case tenancy.UserPrincipal:
		session, found := s.sessions[right.Session]
		now.Valid, now.ExpiresAt = found && session.User == by.ID, session.ExpiresAt
		now.SuperAdmin = s.users[by.ID].SuperAdmin
		now.Role = s.members[right.Tenant][by.ID].Role
	}
	return now
}
