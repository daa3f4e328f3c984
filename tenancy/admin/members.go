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

// membersAtOnce is how many members a search reads at a time.
const membersAtOnce = 1000

// ListMembers returns members of a tenant, in the order of the users' ids. Admins of the
// tenant only.
func (s *Service) ListMembers(
	ctx context.Context, by tenancy.Principal, ref string, q UserList,
) ([]Member, error) {
	if err := s.needs("Members", "Users"); err != nil {
		return nil, err
	}
	t, err := s.authorize(ctx, by, ref, tenancy.MemberRead)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	if q.After, err = parseCursor(q.After, "a user"); err != nil {
		return nil, err
	}
	if q.Search != "" {
		return s.searchMembers(ctx, t.ID, q)
	}
	found, err := s.members.List(ctx, t.ID, q.After, q.Limit)
	if err != nil {
		return nil, err
	}
	return s.withUsers(ctx, found, "")
}

// searchMembers looks at the names of all members after q.After until it has a page. Who is a
// member is read in the tenant, and what others are called never: no query that crosses tenants
// says who is a member.
func (s *Service) searchMembers(
	ctx context.Context, tenant tenancy.ID, q UserList,
) (members []Member, err error) {
	for {
		found, err := s.members.List(ctx, tenant, q.After, membersAtOnce)
		if err != nil {
			return nil, err
		}
		matching, err := s.withUsers(ctx, found, q.Search)
		if err != nil {
			return nil, err
		}
		members = append(members, matching...)
		if len(members) >= q.Limit {
			return members[:q.Limit], nil
		}
		if len(found) < membersAtOnce {
			return members, nil
		}
		q.After = found[len(found)-1].User
	}
}

// withUsers adds the e-mail addresses and names of the members, and leaves out those that have
// search in neither.
func (s *Service) withUsers(
	ctx context.Context, found []tenancy.Membership, search string,
) (members []Member, err error) {
	if len(found) == 0 {
		return nil, nil
	}
	ids := make([]string, len(found))
	for i, m := range found {
		ids[i] = m.User
	}
	users, err := s.users.List(ctx,
		ports.UserQuery{IDs: ids, Search: search, Limit: len(ids)})
	if err != nil {
		return nil, err
	}
	byID := make(map[string]identity.User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	for _, m := range found {
		if u, matches := byID[m.User]; matches || search == "" {
			members = append(members, Member{Membership: m, Email: u.Email, Name: u.Name})
		}
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
	members, err := s.withUsers(ctx, []tenancy.Membership{m}, "")
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
