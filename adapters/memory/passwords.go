package memory

import (
	"context"
	"maps"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// passwords is [ports.Passwords].
type passwords struct{ s *Store }

// identities is [ports.Identities].
type identities struct{ s *Store }

var (
	_ ports.Passwords  = passwords{}
	_ ports.Identities = identities{}
)

func (p passwords) Get(_ context.Context, user string) (identity.Password, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	if _, ok := p.s.users[user]; !ok {
		return identity.Password{}, errNoUser
	}
	return identity.Password{User: user, Hash: p.s.passwords[user]}, nil
}

func (p passwords) Set(ctx context.Context, user, hash, keep string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	if _, ok := p.s.users[user]; !ok {
		return errNoUser
	}
	return p.s.setPassword(ctx, user, hash, keep)
}

// setPassword stores a password and ends the user's sessions except keep. The caller holds s.mu.
func (s *Store) setPassword(ctx context.Context, user, hash, keep string) error {
	var ended []string
	for _, x := range s.sessionsOf(user) {
		if x.ID != keep {
			ended = append(ended, x.ID)
		}
	}
	if err := s.record(ctx, tenancy.ID{}, identity.PasswordSet(user, len(ended))); err != nil {
		return err
	}
	for _, id := range ended {
		delete(s.sessions, id)
	}
	s.passwords[user] = hash
	return nil
}

func (p passwords) Rehash(ctx context.Context, user, from, to string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	if _, ok := p.s.users[user]; !ok || p.s.passwords[user] != from {
		return nil
	}
	if err := p.s.record(ctx, tenancy.ID{}, identity.PasswordRehashed(user)); err != nil {
		return err
	}
	p.s.passwords[user] = to
	return nil
}

func (p identities) Find(_ context.Context, i identity.Identity) (string, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	user, bound := p.s.identities[i]
	if !bound {
		return "", tenancy.Errorf(tenancy.CodeNotFound, "this identity isn't bound to a user")
	}
	return user, nil
}

func (p identities) Bind(ctx context.Context, i identity.Identity, user string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	if _, ok := p.s.users[user]; !ok {
		return errNoUser
	}
	first := true
	for other, owner := range p.s.identities {
		if other == i || owner == user && other.Issuer == i.Issuer {
			return tenancy.Errorf(tenancy.CodeAlreadyExists, "this identity is bound already")
		}
		first = first && owner != user
	}
	var ended []identity.Session
	if first {
		ended = p.s.sessionsOf(user)
	}
	if err := p.s.record(ctx, tenancy.ID{},
		identity.IdentityBound(user, i, first, len(ended))); err != nil {
		return err
	}
	if first {
		delete(p.s.passwords, user)
	}
	for _, x := range ended {
		delete(p.s.sessions, x.ID)
	}
	p.s.identities[i] = user
	return nil
}

// removeSignInData removes the password, the sessions and the identities of a user.
// The caller holds s.mu.
func (s *Store) removeSignInData(user string) {
	delete(s.passwords, user)
	maps.DeleteFunc(s.sessions, func(_ string, x session) bool { return x.User == user })
	maps.DeleteFunc(s.identities,
		func(_ identity.Identity, owner string) bool { return owner == user })
}
