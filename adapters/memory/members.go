package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// members is [ports.Members].
type members struct{ s *Store }

// memberships is [ports.Memberships].
type memberships struct{ s *Store }

var (
	_ ports.Members     = members{}
	_ ports.Memberships = memberships{}
)

var errNoMember = tenancy.Errorf(tenancy.CodeNotFound, "no such member")

func (p members) Get(
	_ context.Context, tenant tenancy.ID, user string,
) (tenancy.Membership, error) {
	if _, err := p.s.data(tenant); err != nil {
		return tenancy.Membership{}, err
	}
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	m, ok := p.s.members[tenant][user]
	if !ok {
		return tenancy.Membership{}, errNoMember
	}
	return m, nil
}

func (p members) List(
	_ context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.Membership, error) {
	if _, err := p.s.data(tenant); err != nil {
		return nil, err
	}
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	return keysetPage(maps.Values(p.s.members[tenant]),
		func(tenancy.Membership) bool { return true },
		func(m tenancy.Membership) string { return m.User }, after, limit)
}

func (p members) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, added bool, err error) {
	if _, err := p.s.data(tenant); err != nil {
		return tenancy.Membership{}, false, err
	}
	if err := tenancy.CheckMemberRole(role); err != nil {
		return tenancy.Membership{}, false, err
	}
	defer p.s.notifier.notifyUnless(&err, ports.UserChanged, user)
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.Membership{}, false, err
	}
	if _, ok := p.s.users[user]; !ok {
		return tenancy.Membership{}, false, errNoUser
	}
	return p.s.putMember(ctx, tenant, user, role)
}

func (p members) Change(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, err error) {
	if _, err := p.s.data(tenant); err != nil {
		return tenancy.Membership{}, err
	}
	if err := tenancy.CheckMemberRole(role); err != nil {
		return tenancy.Membership{}, err
	}
	defer p.s.notifier.notifyUnless(&err, ports.UserChanged, user)
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.Membership{}, err
	}
	if _, member := p.s.members[tenant][user]; !member {
		return tenancy.Membership{}, errNoMember
	}
	m, _, err = p.s.putMember(ctx, tenant, user, role)
	return m, err
}

// putMember gives an existing user a role. by, if given, is the actor instead of the
// context's. The caller holds s.mu.
func (s *Store) putMember(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role, by ...identity.User,
) (tenancy.Membership, bool, error) {
	before, member := s.members[tenant][user]
	if member && before.Role == role {
		return before, false, nil
	}
	if role != tenancy.Admin {
		if err := tenancy.CheckLastAdmin(adminsOf(s.members[tenant]), user); err != nil {
			return tenancy.Membership{}, false, err
		}
	}
	m := tenancy.Membership{Tenant: tenant, User: user, Role: role, CreatedAt: before.CreatedAt}
	event := tenancy.MemberUpdated(before, m)
	if !member {
		m.CreatedAt = s.time()
		event = tenancy.MemberAdded(m)
	}
	if err := s.record(ctx, tenant, withActor(event, by)); err != nil {
		return tenancy.Membership{}, false, err
	}
	if s.members[tenant] == nil {
		s.members[tenant] = map[string]tenancy.Membership{}
	}
	s.members[tenant][user] = m
	return m, !member, nil
}

func (p members) Remove(ctx context.Context, tenant tenancy.ID, user string) (err error) {
	if _, err := p.s.data(tenant); err != nil {
		return err
	}
	defer p.s.notifier.notifyUnless(&err, ports.UserChanged, user)
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	m, ok := p.s.members[tenant][user]
	if !ok {
		return errNoMember
	}
	if err := tenancy.CheckLastAdmin(adminsOf(p.s.members[tenant]), user); err != nil {
		return err
	}
	if err := p.s.record(ctx, tenant, tenancy.MemberRemoved(m)); err != nil {
		return err
	}
	delete(p.s.members[tenant], user)
	return nil
}

// adminsOf returns the users who are admins.
func adminsOf(members map[string]tenancy.Membership) (users []string) {
	for _, m := range members {
		if m.Role == tenancy.Admin {
			users = append(users, m.User)
		}
	}
	return users
}

func (p memberships) ForUser(_ context.Context, user string) ([]tenancy.Membership, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	var found []tenancy.Membership
	for tenant, members := range p.s.members {
		m, ok := members[user]
		if ok && !p.s.tenants[tenant].IsDeleted() {
			found = append(found, m)
		}
	}
	slices.SortFunc(found, func(a, b tenancy.Membership) int {
		return cmp.Compare(a.Tenant.String(), b.Tenant.String())
	})
	return found, nil
}

func (p memberships) Search(
	_ context.Context, user string, q ports.MembershipQuery,
) ([]ports.TenantRole, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	wanted := ports.TenantQuery{State: q.State, Search: q.Search}
	found, err := keysetPage(maps.Values(p.s.tenants), func(t tenancy.Tenant) bool {
		_, member := p.s.members[t.ID][user]
		return member && !t.IsDeleted() && matchesTenant(wanted, t)
	}, func(t tenancy.Tenant) tenancy.Slug { return t.Slug }, q.After, q.Limit)
	roles := make([]ports.TenantRole, 0, len(found))
	for _, t := range found {
		roles = append(roles, ports.TenantRole{Tenant: copyTenant(t),
			Role: p.s.members[t.ID][user].Role})
	}
	return roles, err
}
