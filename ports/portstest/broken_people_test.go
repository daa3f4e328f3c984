package portstest_test

import (
	"context"
	"sync"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// lettersCount tells addresses apart by their letters' size.
type lettersCount struct{ ports.Users }

func (b lettersCount) ByEmail(ctx context.Context, email string) (identity.User, error) {
	u, err := b.Users.ByEmail(ctx, email)
	if err == nil && u.Email != email {
		return identity.User{}, tenancy.ErrNotFound
	}
	return u, err
}

// wholeUpdate stores what it has read beside what is given.
type wholeUpdate struct{ ports.Users }

func (b wholeUpdate) Update(
	ctx context.Context, id string, c ports.UserChange,
) (identity.User, error) {
	no := false
	if c.SuperAdmin == nil {
		c.SuperAdmin = &no
	}
	return b.Users.Update(ctx, id, c)
}

type noUsersIsAll struct{ ports.Users }

func (b noUsersIsAll) List(ctx context.Context, q ports.UserQuery) ([]identity.User, error) {
	if len(q.IDs) == 0 {
		q.IDs = nil
	}
	return b.Users.List(ctx, q)
}

// forgetfulRemoval leaves memberships of nobody, that whoever gets the id next
// inherits.
type forgetfulRemoval struct {
	ports.Users
	memberships ports.Memberships
	members     ports.Members
}

func (b forgetfulRemoval) Remove(ctx context.Context, id string) error {
	left, err := b.memberships.Of(ctx, id)
	if err != nil {
		return err
	}
	u, err := b.Users.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := b.Users.Remove(ctx, id); err != nil {
		return err
	}
	if _, err := b.Users.Create(ctx, u); err != nil {
		return err
	}
	for _, m := range left {
		if _, _, err := b.members.Put(ctx, m.Tenant, id, m.Role); err != nil {
			return err
		}
	}
	return nil
}

// anywhere finds a member of any tenant.
type anywhere struct {
	ports.Members
	memberships ports.Memberships
}

func (b anywhere) Get(
	ctx context.Context, tenant tenancy.ID, user string,
) (tenancy.Membership, error) {
	found, err := b.Members.Get(ctx, tenant, user)
	if tenancy.CodeOf(err) != tenancy.CodeNotFound {
		return found, err
	}
	others, listed := b.memberships.Of(ctx, user)
	if listed != nil || len(others) == 0 {
		return found, err
	}
	return others[0], nil
}

func (b anywhere) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	err := b.Members.Remove(ctx, tenant, user)
	if others, listed := b.memberships.Of(ctx, user); tenancy.CodeOf(err) == tenancy.CodeNotFound &&
		listed == nil && len(others) > 0 {
		return b.Members.Remove(ctx, others[0].Tenant, user)
	}
	return err
}

// anybodysAdmin doesn't know the rule of the last admin: it puts the member down
// as long as anybody holds the tenant.
type anybodysAdmin struct {
	ports.Members
	users ports.Users
}

const keeper = "01900000-0000-7000-8000-00000000beef"

func (b anybodysAdmin) kept(ctx context.Context, tenant tenancy.ID, do func() error) error {
	_, _ = b.users.Create(ctx,
		identity.User{ID: keeper, Email: "keeper@example.com", Name: "Keeper"})
	if _, _, err := b.Members.Put(ctx, tenant, keeper, tenancy.Admin); err != nil {
		return err
	}
	return do()
}

func (b anybodysAdmin) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	return b.kept(ctx, tenant, func() error { return b.Members.Remove(ctx, tenant, user) })
}

func (b anybodysAdmin) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, created bool, err error) {
	if role == tenancy.Admin || tenant.IsZero() {
		return b.Members.Put(ctx, tenant, user, role)
	}
	err = b.kept(ctx, tenant, func() error {
		m, created, err = b.Members.Put(ctx, tenant, user, role)
		return err
	})
	return m, created, err
}

// beginsAgain takes a changed membership for a new one.
type beginsAgain struct{ ports.Members }

func (b beginsAgain) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (tenancy.Membership, bool, error) {
	m, _, err := b.Members.Put(ctx, tenant, user, role)
	return m, err == nil, err
}

// deletedToo answers memberships of deleted tenants, which it remembers.
type deletedToo struct {
	ports.Members
	ports.Memberships
	kept *sync.Map
}

func (b deletedToo) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (tenancy.Membership, bool, error) {
	m, created, err := b.Members.Put(ctx, tenant, user, role)
	if err == nil {
		b.kept.Store([2]string{user, tenant.String()}, m)
	}
	return m, created, err
}

func (b deletedToo) Of(ctx context.Context, user string) ([]tenancy.Membership, error) {
	found, err := b.Memberships.Of(ctx, user)
	b.kept.Range(func(key, m any) bool {
		for _, f := range found {
			if f.Tenant == m.(tenancy.Membership).Tenant {
				return true
			}
		}
		if key.([2]string)[0] == user {
			found = append([]tenancy.Membership{m.(tenancy.Membership)}, found...)
		}
		return true
	})
	return found, err
}

// invitationLog remembers every invitation, to misuse what it knows.
type invitationLog struct {
	ports.Invitations
	ports.InvitationFinder
	mu  sync.Mutex
	all map[tenancy.InvitationHash]tenancy.Invitation

	foreign, dead, reused, lowers bool // what is broken
	members                       ports.Members
}

func newInvitationLog(s *ports.Services) *invitationLog {
	b := &invitationLog{
		Invitations: s.Invitations, InvitationFinder: s.InvitationFinder,
		all: map[tenancy.InvitationHash]tenancy.Invitation{}, members: s.Members,
	}
	s.Invitations, s.InvitationFinder = b, b
	return b
}

func (b *invitationLog) Create(
	ctx context.Context, tenant tenancy.ID, i tenancy.Invitation,
) (tenancy.Invitation, error) {
	made, err := b.Invitations.Create(ctx, tenant, i)
	if err == nil {
		b.mu.Lock()
		b.all[i.Hash] = made
		b.mu.Unlock()
	}
	return made, err
}

func (b *invitationLog) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	b.mu.Lock()
	for _, i := range b.all {
		if b.foreign && i.ID == id {
			tenant = i.Tenant
		}
	}
	b.mu.Unlock()
	return b.Invitations.Revoke(ctx, tenant, id)
}

func (b *invitationLog) Find(
	ctx context.Context, hash tenancy.InvitationHash,
) (tenancy.Invitation, error) {
	found, err := b.InvitationFinder.Find(ctx, hash)
	b.mu.Lock()
	defer b.mu.Unlock()
	if known, ok := b.all[hash]; b.dead && err != nil && ok {
		return known, nil
	}
	return found, err
}

func (b *invitationLog) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, fresh bool,
) (tenancy.Membership, error) {
	m, err := b.InvitationFinder.Accept(ctx, hash, u, fresh)
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.all[hash]
	switch {
	case err == nil && b.reused:
		i.Hash = hash
		_, err = b.Invitations.Create(ctx, i.Tenant, i)
	case err == nil && b.lowers:
		m, _, err = b.members.Put(ctx, i.Tenant, u.ID, i.Role)
	}
	return m, err
}
