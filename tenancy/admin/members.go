package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Member is a user as the admins of a tenant see them. Admins don't see what the
// user is in other tenants.
type Member struct {
	tenancy.Membership
	Email string
	Name  string
}

// ListMembers returns at most limit members of a tenant, in the order of the users'
// ids, that come after the id after ("" for the first page). Admins of the tenant
// only.
func (s *Service) ListMembers(
	ctx context.Context, by tenancy.Principal, ref, after string, limit int,
) ([]Member, error) {
	if err := s.needs("Members", "Users"); err != nil {
		return nil, err
	}
	t, err := s.authorize(ctx, by, ref, tenancy.MemberRead)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	if after, err = parseCursor(after, "a user"); err != nil {
		return nil, err
	}
	found, err := s.members.List(ctx, t.ID, after, limit)
	if err != nil {
		return nil, err
	}
	return s.withUsers(ctx, found)
}

// withUsers adds the e-mail addresses and names of the members.
func (s *Service) withUsers(ctx context.Context, found []tenancy.Membership) ([]Member, error) {
	if len(found) == 0 {
		return nil, nil
	}
	ids := make([]string, len(found))
	for i, m := range found {
		ids[i] = m.User
	}
	users, err := s.users.List(ctx, ports.UserQuery{IDs: ids, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	byID := make(map[string]identity.User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	members := make([]Member, len(found))
	for i, m := range found {
		members[i] = Member{Membership: m, Email: byID[m.User].Email, Name: byID[m.User].Name}
	}
	return members, nil
}

// GetMember returns a member of a tenant. Admins of the tenant only. If the user
// isn't a member, the error is [tenancy.ErrNotFound], whether such a user exists or
// not.
func (s *Service) GetMember(
	ctx context.Context, by tenancy.Principal, ref, user string,
) (Member, error) {
	if err := s.needs("Members", "Users"); err != nil {
		return Member{}, err
	}
	t, id, err := s.authorizeWithID(ctx, by, ref, user, tenancy.MemberRead)
	if err != nil {
		return Member{}, err
	}
	m, err := s.members.Get(ctx, t.ID, id)
	if err != nil {
		return Member{}, plainNotFound(err)
	}
	return s.withUser(ctx, m)
}

// withUser is withUsers for one member.
func (s *Service) withUser(ctx context.Context, m tenancy.Membership) (Member, error) {
	members, err := s.withUsers(ctx, []tenancy.Membership{m})
	if err != nil {
		return Member{}, err
	}
	return members[0], nil
}

// PutMember gives a member of a tenant another role. It returns the member and whether
// they are new. Admins of the tenant only. For a super-admin it also adds a user who
// isn't a member. An admin adds no user without their consent: see [Service.Invite]. The
// id of a user who isn't a member is [tenancy.ErrNotFound] for an admin, as an unknown
// one. To take the role from the only admin is [tenancy.CodeLastAdmin].
func (s *Service) PutMember(
	ctx context.Context, by tenancy.Principal, ref, user string, role tenancy.Role,
) (m Member, created bool, err error) {
	if err := s.needs("Members", "Users"); err != nil {
		return Member{}, false, err
	}
	t, id, err := s.authorizeWithID(ctx, by, ref, user, tenancy.MemberWrite)
	if err != nil {
		return Member{}, false, err
	}
	if err := t.RequireNotDeleted(); err != nil {
		return Member{}, false, err
	}
	if err := tenancy.CheckMemberRole(role); err != nil {
		return Member{}, false, tenancy.AtPath("/role", err)
	}
	put, err := s.members.Change(ctx, t.ID, id, role)
	if by.SuperAdmin && tenancy.CodeOf(err) == tenancy.CodeNotFound {
		put, created, err = s.members.Put(tenancy.RequireSuperAdmin(ctx), t.ID, id, role)
	}
	if err != nil {
		return Member{}, false, plainNotFound(err)
	}
	m, err = s.withUser(ctx, put)
	return m, created, err
}

// RemoveMember removes a user from a tenant. Admins of the tenant only. To remove
// the only admin is [tenancy.CodeLastAdmin].
func (s *Service) RemoveMember(ctx context.Context, by tenancy.Principal, ref, user string) error {
	if err := s.needs("Members"); err != nil {
		return err
	}
	t, id, err := s.authorizeWithID(ctx, by, ref, user, tenancy.MemberWrite)
	if err != nil {
		return err
	}
	return plainNotFound(s.members.Remove(ctx, t.ID, id))
}

// authorizeWithID is authorize for an operation on a user or an invitation. It also
// returns the normal form of its id; a malformed id is [tenancy.ErrNotFound].
func (s *Service) authorizeWithID(
	ctx context.Context, by tenancy.Principal, ref, id string, needed tenancy.Permission,
) (t tenancy.Tenant, normalID string, err error) {
	if t, err = s.authorize(ctx, by, ref, needed); err != nil {
		return t, "", err
	}
	parsed, err := parseID(id)
	if err != nil {
		return t, "", err
	}
	return t, parsed.String(), nil
}

// plainNotFound replaces every error with [tenancy.CodeNotFound] by the same value,
// so that its message reveals nothing.
func plainNotFound(err error) error {
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return tenancy.ErrNotFound
	}
	return err
}
