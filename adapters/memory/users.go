package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// users is [ports.Users].
type users struct{ s *Store }

var _ ports.Users = users{}

var errNoUser = tenancy.Errorf(tenancy.CodeNotFound, "no such user")

func (p users) Create(
	ctx context.Context, u identity.User, passwordHash string,
) (identity.User, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return identity.User{}, err
	}
	return p.s.addUser(ctx, u, passwordHash)
}

// addUser stores a new user with a password, unless its hash is empty. by, if given, is the actor
// instead of the context's. The caller holds s.mu.
func (s *Store) addUser(
	ctx context.Context, u identity.User, passwordHash string, by ...identity.User,
) (identity.User, error) {
	email, err := identity.ParseEmail(u.Email)
	if err != nil {
		return identity.User{}, err
	}
	if err := s.checkFree(email, u.ID); err != nil {
		return identity.User{}, err
	}
	now := s.time()
	u.Email, u.CreatedAt, u.UpdatedAt = email, now, now
	if err := s.record(ctx, tenancy.ID{}, withActor(identity.UserCreated(u), by)); err != nil {
		return identity.User{}, err
	}
	s.users[u.ID], s.emails[email] = u, u.ID
	if passwordHash == "" {
		return u, nil
	}
	s.passwords[u.ID] = passwordHash
	return u, s.record(ctx, tenancy.ID{}, withActor(identity.PasswordSet(u.ID, 0), by))
}

// withActor sets the actor of an event to the user in by, if there is one.
func withActor(e tenancy.Event, by []identity.User) tenancy.Event {
	for _, u := range by {
		e = e.By(u.Actor())
	}
	return e
}

// checkFree returns an error if a user has the normalized address or the id. The caller
// holds s.mu.
func (s *Store) checkFree(email, id string) error {
	if _, taken := s.emails[email]; taken {
		return errEmailTaken
	}
	if _, taken := s.users[id]; taken {
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "a user with this id exists already")
	}
	return nil
}

var errEmailTaken = tenancy.Errorf(tenancy.CodeAlreadyExists,
	"another user has this e-mail address")

func (p users) Get(_ context.Context, id string) (identity.User, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	u, ok := p.s.users[id]
	if !ok {
		return identity.User{}, errNoUser
	}
	return u, nil
}

func (p users) ByEmail(ctx context.Context, email string) (identity.User, error) {
	normal, err := identity.ParseEmail(email)
	if err != nil {
		return identity.User{}, errNoUser
	}
	p.s.mu.RLock()
	id := p.s.emails[normal]
	p.s.mu.RUnlock()
	return p.Get(ctx, id)
}

func (p users) List(_ context.Context, q ports.UserQuery) ([]identity.User, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	return keysetPage(maps.Values(p.s.users),
		func(u identity.User) bool {
			return (q.IDs == nil || slices.Contains(q.IDs, u.ID)) &&
				containsFold(q.Search, u.Email, u.Name)
		},
		func(u identity.User) string { return u.Email }, q.After, q.Limit)
}

func (p users) Update(
	ctx context.Context, id string, c ports.UserChange,
) (u identity.User, err error) {
	defer p.s.notifier.notifyUnless(&err, ports.UserChanged, id)
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return identity.User{}, err
	}
	before, ok := p.s.users[id]
	if !ok {
		return identity.User{}, errNoUser
	}
	after := before
	if c.Email != nil {
		email, err := identity.ParseEmail(*c.Email)
		if err != nil {
			return identity.User{}, err
		}
		if other, taken := p.s.emails[email]; taken && other != id {
			return identity.User{}, errEmailTaken
		}
		after.Email = email
	}
	if c.Name != nil {
		after.Name = *c.Name
	}
	if c.SuperAdmin != nil {
		after.SuperAdmin = *c.SuperAdmin
	}
	after.UpdatedAt = p.s.time()
	if err := p.s.record(ctx, tenancy.ID{}, identity.UserUpdated(before, after)); err != nil {
		return identity.User{}, err
	}
	delete(p.s.emails, before.Email)
	p.s.users[id], p.s.emails[after.Email] = after, id
	if c.PasswordHash == nil {
		return after, nil
	}
	return after, p.s.setPassword(ctx, id, *c.PasswordHash, "")
}

// Remove checks all tenants before it records or removes anything: the store has no
// rollback.
func (p users) Remove(ctx context.Context, id string) (err error) {
	defer p.s.notifier.notifyUnless(&err, ports.UserChanged, id)
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	user, ok := p.s.users[id]
	if !ok {
		return errNoUser
	}
	admins := map[tenancy.ID][]string{}
	var ended []tenancy.Membership
	for tenant, members := range p.s.members {
		m, member := members[id]
		if !member {
			continue
		}
		ended = append(ended, m)
		if m.Role == tenancy.Admin {
			admins[tenant] = adminsOf(members)
		}
	}
	if err := tenancy.CheckLastAdmins(admins, id); err != nil {
		return err
	}
	for _, m := range ended {
		if err := p.s.record(ctx, m.Tenant, tenancy.MemberRemoved(m)); err != nil {
			return err
		}
	}
	if err := p.s.record(ctx, tenancy.ID{}, identity.UserRemoved(user)); err != nil {
		return err
	}
	for _, m := range ended {
		delete(p.s.members[m.Tenant], id)
	}
	maps.DeleteFunc(p.s.emails, func(_, user string) bool { return user == id })
	delete(p.s.users, id)
	p.s.removeSignInData(id)
	return nil
}
