package memory

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type passwords struct{ s *Store }

type identities struct{ s *Store }

var (
	_ ports.Passwords  = passwords{}
	_ ports.Identities = identities{}
)

func (p passwords) Of(_ context.Context, user string) (tenancy.Password, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	if _, ok := p.s.users[user]; !ok {
		return tenancy.Password{}, errNoUser
	}
	return tenancy.Password{User: user, Hash: p.s.passwords[user]}, nil
}

func (p passwords) Set(ctx context.Context, user, hash, keep string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if _, ok := p.s.users[user]; !ok {
		return errNoUser
	}
	var ended []string
	for _, x := range p.s.sessionsOf(user) {
		if x.ID != keep {
			ended = append(ended, x.ID)
		}
	}
	if err := p.s.record(ctx, tenancy.ID{}, sessionEvent("password.set", user, map[string]any{"ended": len(ended)})); err != nil {
		return err
	}
	for _, id := range ended {
		delete(p.s.sessions, id)
	}
	p.s.passwords[user] = hash
	return nil
}

func (p passwords) Improve(ctx context.Context, user, from, to string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if _, ok := p.s.users[user]; !ok || p.s.passwords[user] != from {
		return nil
	}
	if err := p.s.record(ctx, tenancy.ID{}, sessionEvent("password.improve", user, nil)); err != nil {
		return err
	}
	p.s.passwords[user] = to
	return nil
}

func (p identities) Find(_ context.Context, i tenancy.Identity) (string, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	user, bound := p.s.identities[i]
	if _, known := p.s.users[user]; !bound || !known {
		return "", tenancy.Errorf(tenancy.CodeNotFound, "this identity is nobody's")
	}
	return user, nil
}

func (p identities) Bind(ctx context.Context, i tenancy.Identity, user string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if _, ok := p.s.users[user]; !ok {
		return errNoUser
	}
	if former, bound := p.s.identities[i]; bound {
		if _, known := p.s.users[former]; known {
			return tenancy.Errorf(tenancy.CodeAlreadyExists, "this identity is bound already")
		}
	}
	event := sessionEvent("identity.bind", user, map[string]any{"issuer": i.Issuer, "subject": i.Subject})
	if err := p.s.record(ctx, tenancy.ID{}, event); err != nil {
		return err
	}
	p.s.identities[i] = user
	return nil
}
