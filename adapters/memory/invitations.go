package memory

import (
	"context"
	"maps"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// invitations is [ports.Invitations].
type invitations struct{ s *Store }

// invitationFinder is [ports.InvitationFinder].
type invitationFinder struct{ s *Store }

var (
	_ ports.Invitations      = invitations{}
	_ ports.InvitationFinder = invitationFinder{}
)

var errNoInvitation = tenancy.Errorf(tenancy.CodeNotFound, "no such invitation")

func (p invitations) Create(
	ctx context.Context, tenant tenancy.ID, i tenancy.Invitation,
) (tenancy.Invitation, error) {
	if _, err := p.s.data(tenant); err != nil {
		return tenancy.Invitation{}, err
	}
	if i.Tenant != tenant {
		return tenancy.Invitation{},
			tenancy.Errorf(tenancy.CodeTenantMismatch, "the invitation belongs to another tenant")
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.Invitation{}, err
	}
	replaced := func(_ string, other tenancy.Invitation) bool {
		return other.Tenant == tenant && other.Email == i.Email
	}
	for id, other := range p.s.invitations {
		if (id == i.ID || other.Hash == i.Hash) && !replaced(id, other) {
			return tenancy.Invitation{},
				tenancy.Errorf(tenancy.CodeAlreadyExists, "the invitation exists already")
		}
	}
	i.CreatedAt, i.ExpiresAt = p.s.time(), storedTime(i.ExpiresAt)
	if err := p.s.record(ctx, tenant, tenancy.InvitationCreated(i)); err != nil {
		return tenancy.Invitation{}, err
	}
	maps.DeleteFunc(p.s.invitations, replaced)
	p.s.invitations[i.ID] = i
	return i, nil
}

func (p invitations) List(
	_ context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.Invitation, error) {
	if _, err := p.s.data(tenant); err != nil {
		return nil, err
	}
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	found, err := keysetPage(maps.Values(p.s.invitations),
		func(i tenancy.Invitation) bool { return i.Tenant == tenant },
		func(i tenancy.Invitation) string { return i.ID }, after, limit)
	for i := range found {
		found[i].Hash = tenancy.InvitationHash{}
	}
	return found, err
}

func (p invitations) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	if _, err := p.s.data(tenant); err != nil {
		return err
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	i, ok := p.s.invitations[id]
	if !ok || i.Tenant != tenant {
		return errNoInvitation
	}
	if err := p.s.record(ctx, tenant, tenancy.InvitationRevoked(i)); err != nil {
		return err
	}
	delete(p.s.invitations, id)
	return nil
}

func (p invitationFinder) Find(
	_ context.Context, hash tenancy.InvitationHash,
) (tenancy.Invitation, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	return p.s.acceptableInvitation(hash)
}

// acceptableInvitation returns the invitation if it can be accepted now. It doesn't
// check the expiry. The caller holds s.mu.
func (s *Store) acceptableInvitation(hash tenancy.InvitationHash) (tenancy.Invitation, error) {
	for _, i := range s.invitations {
		if i.Hash == hash && s.tenants[i.Tenant].IsActive() && i.MayBeAccepted(s.inviterOf(i)) {
			return i, nil
		}
	}
	return tenancy.Invitation{}, errNoInvitation
}

// inviterOf returns what the store knows of the actor who made an invitation. The caller
// holds s.mu.
func (s *Store) inviterOf(i tenancy.Invitation) (now tenancy.Inviter) {
	switch by := i.InvitedBy; by.Kind {
	case tenancy.UserPrincipal:
		now.SuperAdmin = s.users[by.ID].SuperAdmin
		now.Role = s.members[i.Tenant][by.ID].Role
	case tenancy.KeyPrincipal:
		if k := s.keys[by.ID]; k.Tenant == i.Tenant && k.Valid(s.now()) {
			now.Role = k.Role
		}
	}
	return now
}

// Accept checks everything before its first write: the store has no rollback.
func (p invitationFinder) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, newUser bool,
	passwordHash string,
) (m tenancy.Membership, err error) {
	defer func() { p.s.notifier.notifyUnless(&err, ports.UserChanged, m.User) }()
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return m, err
	}
	i, err := p.s.acceptableInvitation(hash)
	if err != nil {
		return m, err
	}
	if u, err = p.s.acceptingUser(i, u, newUser); err != nil {
		return m, err
	}
	if err := p.s.record(ctx, i.Tenant, tenancy.InvitationAccepted(i).By(u.Actor())); err != nil {
		return m, err
	}
	if newUser {
		if u, err = p.s.addUser(ctx, u, passwordHash, u); err != nil {
			return m, err
		}
	}
	if m = p.s.members[i.Tenant][u.ID]; !m.Role.Includes(i.Role) {
		if m, _, err = p.s.putMember(ctx, i.Tenant, u.ID, i.Role, u); err != nil {
			return m, err
		}
	}
	delete(p.s.invitations, i.ID)
	return m, nil
}

// acceptingUser returns the user who accepts. It makes every check that could fail
// when a new user is stored. The caller holds s.mu.
func (s *Store) acceptingUser(
	i tenancy.Invitation, u identity.User, newUser bool,
) (identity.User, error) {
	email, err := identity.ParseEmail(u.Email)
	if err != nil || newUser && email != i.Email {
		return u, errNoUser
	}
	if newUser {
		return u, s.checkFree(email, u.ID)
	}
	stored, ok := s.users[u.ID]
	if !ok || stored.Email != i.Email {
		return u, errNoUser
	}
	return stored, nil
}
