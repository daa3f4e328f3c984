package memory

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// sessions is [ports.Sessions].
type sessions struct{ s *Store }

// sessionFinder is [ports.SessionFinder].
type sessionFinder struct{ s *Store }

var (
	_ ports.Sessions      = sessions{}
	_ ports.SessionFinder = sessionFinder{}
)

// session is a stored session. For a short time after a renewal, requests in progress
// may still use the former secret.
type session struct {
	identity.Session
	former      identity.SessionHash // of the secret before the last renewal
	formerUntil time.Time            // the end of the time in which it may be used
}

// accepts reports whether the secret with this hash may be used at now.
func (x session) accepts(hash identity.SessionHash, now time.Time) bool {
	return x.Hash == hash || x.former == hash && now.Before(x.formerUntil)
}

var (
	errNoSession   = tenancy.Errorf(tenancy.CodeNotFound, "no such session")
	errNotSignedIn = tenancy.Errorf(tenancy.CodeUnauthenticated, "no such session")
)

func (p sessions) Create(ctx context.Context, created identity.Session, verified string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	_, known := p.s.users[created.User]
	if !known || verified != "" && p.s.passwords[created.User] != verified {
		return identity.ErrPasswordChanged
	}
	for id, other := range p.s.sessions {
		if id == created.ID || other.Hash == created.Hash {
			return tenancy.Errorf(tenancy.CodeAlreadyExists, "the session exists already")
		}
	}
	ended := p.s.sessionsBeyond(created.User, identity.KeptSessions)
	if err := p.s.record(ctx, tenancy.ID{},
		identity.SessionCreated(created, len(ended))); err != nil {
		return err
	}
	for _, id := range ended {
		delete(p.s.sessions, id)
	}
	created.CreatedAt, created.ExpiresAt = storedTime(created.CreatedAt),
		storedTime(created.ExpiresAt)
	created.SeenAt = storedTime(created.SeenAt).Truncate(time.Minute)
	p.s.sessions[created.ID] = session{Session: created}
	return nil
}

// sessionsBeyond returns the ids of the user's sessions without the newest n. The caller
// holds s.mu.
func (s *Store) sessionsBeyond(user string, n int) (ids []string) {
	all := s.sessionsOf(user)
	for _, old := range all[min(n, len(all)):] {
		ids = append(ids, old.ID)
	}
	return ids
}

// sessionsOf returns the sessions of a user, newest first. The caller holds s.mu.
func (s *Store) sessionsOf(user string) []identity.Session {
	var all []identity.Session
	for _, x := range s.sessions {
		if x.User == user {
			all = append(all, x.Session)
		}
	}
	slices.SortFunc(all, func(a, b identity.Session) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), cmp.Compare(b.ID, a.ID))
	})
	return all
}

func (p sessions) List(_ context.Context, user string, now time.Time) ([]identity.Session, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	all := slices.DeleteFunc(p.s.sessionsOf(user),
		func(x identity.Session) bool { return !now.Before(x.ExpiresAt) })
	for i := range all {
		all[i].Hash, all[i].Rights = identity.SessionHash{}, [32]byte{}
	}
	return all, nil
}

func (p sessions) Revoke(ctx context.Context, user, id string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	if x, ok := p.s.sessions[id]; !ok || x.User != user {
		return errNoSession
	}
	if err := p.s.record(ctx, tenancy.ID{}, identity.SessionRevoked(user, id)); err != nil {
		return err
	}
	delete(p.s.sessions, id)
	return nil
}

func (p sessions) RevokeAll(ctx context.Context, user string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	ended := p.s.sessionsOf(user)
	if len(ended) == 0 {
		return nil
	}
	if err := p.s.record(ctx, tenancy.ID{},
		identity.SessionsRevoked(user, len(ended))); err != nil {
		return err
	}
	for _, x := range ended {
		delete(p.s.sessions, x.ID)
	}
	return nil
}

func (p sessionFinder) Find(
	_ context.Context, hash identity.SessionHash, now time.Time,
) (identity.Session, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	for _, x := range p.s.sessions {
		if x.accepts(hash, now) && now.Before(x.ExpiresAt) {
			return x.Session, nil
		}
	}
	return identity.Session{}, errNotSignedIn
}

func (p sessionFinder) Touch(_ context.Context, id string, at time.Time) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	at = storedTime(at).Truncate(time.Minute)
	if x, ok := p.s.sessions[id]; ok && at.After(x.SeenAt) {
		x.SeenAt = at
		p.s.sessions[id] = x
	}
	return nil
}

func (p sessionFinder) Renew(
	ctx context.Context, id string, from identity.SessionHash, to ports.SessionRenewal,
) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	x, ok := p.s.sessions[id]
	if !ok || x.Hash != from {
		return tenancy.Errorf(tenancy.CodeVersionMismatch, "the session was renewed meanwhile")
	}
	if err := p.s.record(ctx, tenancy.ID{}, identity.SessionRenewed(x.User, id)); err != nil {
		return err
	}
	x.former, x.formerUntil = x.Hash, to.Overlap
	x.Hash, x.Rights = to.Hash, to.Rights
	p.s.sessions[id] = x
	return nil
}
