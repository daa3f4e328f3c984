package portstest_test

import (
	"context"
	"sync"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// caseSensitiveEmails finds an address only in its stored letter case.
type caseSensitiveEmails struct{ ports.Users }

func (b caseSensitiveEmails) ByEmail(ctx context.Context, email string) (identity.User, error) {
	u, err := b.Users.ByEmail(ctx, email)
	if err == nil && u.Email != email {
		return identity.User{}, tenancy.ErrNotFound
	}
	return u, err
}

// resetsSuperAdmin also stores a field that the change doesn't set.
type resetsSuperAdmin struct{ ports.Users }

func (b resetsSuperAdmin) Update(
	ctx context.Context, id string, c ports.UserChange,
) (identity.User, error) {
	no := false
	if c.SuperAdmin == nil {
		c.SuperAdmin = &no
	}
	return b.Users.Update(ctx, id, c)
}

type emptyUserIDsSelectAll struct{ ports.Users }

func (b emptyUserIDsSelectAll) List(
	ctx context.Context, q ports.UserQuery,
) ([]identity.User, error) {
	if len(q.IDs) == 0 {
		q.IDs = nil
	}
	return b.Users.List(ctx, q)
}

// removeKeepsMemberships leaves the memberships of a removed user, which the next
// user with that id inherits.
type removeKeepsMemberships struct {
	ports.Users
	memberships ports.Memberships
	members     ports.Members
}

func (b removeKeepsMemberships) Remove(ctx context.Context, id string) error {
	left, err := b.memberships.ForUser(ctx, id)
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
	if _, err := b.Users.Create(ctx, u, ""); err != nil {
		return err
	}
	for _, m := range left {
		if _, _, err := b.members.Put(ctx, m.Tenant, id, m.Role); err != nil {
			return err
		}
	}
	return nil
}

// ignoresMemberTenant finds and removes the members of any tenant.
type ignoresMemberTenant struct {
	ports.Members
	memberships ports.Memberships
}

func (b ignoresMemberTenant) Get(
	ctx context.Context, tenant tenancy.ID, user string,
) (tenancy.Membership, error) {
	found, err := b.Members.Get(ctx, tenant, user)
	if tenancy.CodeOf(err) != tenancy.CodeNotFound {
		return found, err
	}
	others, listed := b.memberships.ForUser(ctx, user)
	if listed != nil || len(others) == 0 {
		return found, err
	}
	return others[0], nil
}

func (b ignoresMemberTenant) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	err := b.Members.Remove(ctx, tenant, user)
	if others, listed := b.memberships.ForUser(ctx, user); tenancy.CodeOf(err) == tenancy.CodeNotFound &&
		listed == nil && len(others) > 0 {
		return b.Members.Remove(ctx, others[0].Tenant, user)
	}
	return err
}

// ignoresLastAdmin avoids the error for the last admin: it adds another admin before
// every change.
type ignoresLastAdmin struct {
	ports.Members
	users ports.Users
}

const extraAdmin = "01900000-0000-7000-8000-00000000beef"

func (b ignoresLastAdmin) withExtraAdmin(
	ctx context.Context, tenant tenancy.ID, do func() error,
) error {
	_, _ = b.users.Create(ctx,
		identity.User{ID: extraAdmin, Email: "extra@example.com", Name: "Extra"}, "")
	if _, _, err := b.Members.Put(ctx, tenant, extraAdmin, tenancy.Admin); err != nil {
		return err
	}
	return do()
}

func (b ignoresLastAdmin) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	return b.withExtraAdmin(ctx, tenant,
		func() error { return b.Members.Remove(ctx, tenant, user) })
}

func (b ignoresLastAdmin) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, created bool, err error) {
	if role == tenancy.Admin || tenant.IsZero() {
		return b.Members.Put(ctx, tenant, user, role)
	}
	err = b.withExtraAdmin(ctx, tenant, func() error {
		m, created, err = b.Members.Put(ctx, tenant, user, role)
		return err
	})
	return m, created, err
}

// alwaysCreated reports a changed membership as new.
type alwaysCreated struct{ ports.Members }

func (b alwaysCreated) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (tenancy.Membership, bool, error) {
	m, _, err := b.Members.Put(ctx, tenant, user, role)
	return m, err == nil, err
}

// listsDeletedTenants also returns the memberships of deleted tenants, which it keeps.
type listsDeletedTenants struct {
	ports.Members
	ports.Memberships
	kept *sync.Map
}

func (b listsDeletedTenants) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (tenancy.Membership, bool, error) {
	m, created, err := b.Members.Put(ctx, tenant, user, role)
	if err == nil {
		b.kept.Store([2]string{user, tenant.String()}, m)
	}
	return m, created, err
}

func (b listsDeletedTenants) ForUser(ctx context.Context, user string) ([]tenancy.Membership, error) {
	found, err := b.Memberships.ForUser(ctx, user)
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

// invitationRecorder keeps every invitation, so that its faults can use them.
type invitationRecorder struct {
	ports.Invitations
	ports.InvitationFinder
	mu  sync.Mutex
	all map[tenancy.InvitationHash]tenancy.Invitation

	anyTenant, unchecked, reusable, lowersRole bool // the faults
	members                                    ports.Members
}

func newInvitationRecorder(s *ports.Services) *invitationRecorder {
	b := &invitationRecorder{
		Invitations: s.Invitations, InvitationFinder: s.InvitationFinder,
		all: map[tenancy.InvitationHash]tenancy.Invitation{}, members: s.Members,
	}
	s.Invitations, s.InvitationFinder = b, b
	return b
}

func (b *invitationRecorder) Create(
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

func (b *invitationRecorder) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	b.mu.Lock()
	for _, i := range b.all {
		if b.anyTenant && i.ID == id {
			tenant = i.Tenant
		}
	}
	b.mu.Unlock()
	return b.Invitations.Revoke(ctx, tenant, id)
}

func (b *invitationRecorder) Find(
	ctx context.Context, hash tenancy.InvitationHash,
) (tenancy.Invitation, error) {
	found, err := b.InvitationFinder.Find(ctx, hash)
	b.mu.Lock()
	defer b.mu.Unlock()
	if known, ok := b.all[hash]; b.unchecked && err != nil && ok {
		return known, nil
	}
	return found, err
}

func (b *invitationRecorder) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, newUser bool,
	passwordHash string,
) (tenancy.Membership, error) {
	m, err := b.InvitationFinder.Accept(ctx, hash, u, newUser, passwordHash)
	b.mu.Lock()
	defer b.mu.Unlock()
	i := b.all[hash]
	switch {
	case err == nil && b.reusable:
		i.Hash = hash
		_, err = b.Invitations.Create(ctx, i.Tenant, i)
	case err == nil && b.lowersRole:
		m, _, err = b.members.Put(ctx, i.Tenant, u.ID, i.Role)
	}
	return m, err
}
