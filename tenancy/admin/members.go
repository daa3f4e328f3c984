package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Member is a user as their tenant's admins see them: what the user is elsewhere
// isn't theirs to know.
type Member struct {
	tenancy.Membership
	Email string
	Name  string
}

// ListMembers answers at most limit members of a tenant in the order of the
// users' ids, those behind the id after ("" for the first page). Admins of the
// tenant only.
func (s *Service) ListMembers(
	ctx context.Context, by tenancy.Principal, ref, after string, limit int,
) ([]Member, error) {
	t, err := s.enter(ctx, by, ref, tenancy.ReadMembers)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	if after, err = behindID(after,
		"a list of members goes on behind the id of a user"); err != nil {
		return nil, err
	}
	found, err := s.members.List(ctx, t.ID, after, limit)
	if err != nil {
		return nil, err
	}
	return s.introduce(ctx, found)
}

// introduce adds who the members are.
func (s *Service) introduce(ctx context.Context, found []tenancy.Membership) ([]Member, error) {
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
	people := make(map[string]identity.User, len(users))
	for _, u := range users {
		people[u.ID] = u
	}
	members := make([]Member, len(found))
	for i, m := range found {
		members[i] = Member{Membership: m, Email: people[m.User].Email, Name: people[m.User].Name}
	}
	return members, nil
}

// GetMember answers a member of a tenant. Admins of the tenant only. A user who
// isn't one, whether there is such a user or not, is [tenancy.ErrNotFound].
func (s *Service) GetMember(
	ctx context.Context, by tenancy.Principal, ref, user string,
) (Member, error) {
	t, id, err := s.enterFor(ctx, by, ref, user, tenancy.ReadMembers)
	if err != nil {
		return Member{}, err
	}
	m, err := s.members.Get(ctx, t.ID, id)
	if err != nil {
		return Member{}, unknownMember(err)
	}
	return s.introduced(ctx, m)
}

func (s *Service) introduced(ctx context.Context, m tenancy.Membership) (Member, error) {
	members, err := s.introduce(ctx, []tenancy.Membership{m})
	if err != nil {
		return Member{}, err
	}
	return members[0], nil
}

// PutMember gives a user a role in a tenant and answers the member, and whether
// they are a new one. Admins of the tenant only. A user is named by the id, which
// isn't to be guessed; for who is known by an e-mail address there are
// invitations. An id of nobody is [tenancy.ErrNotFound]. The only admin's own
// role stays: [tenancy.CodeLastAdmin].
func (s *Service) PutMember(
	ctx context.Context, by tenancy.Principal, ref, user string, role tenancy.Role,
) (m Member, created bool, err error) {
	t, id, err := s.enterFor(ctx, by, ref, user, tenancy.WriteMembers)
	if err != nil {
		return Member{}, false, err
	}
	if t.State == tenancy.Deleted {
		return Member{}, false, errDeleted
	}
	if err := tenancy.CheckMemberRole(role); err != nil {
		return Member{}, false, at("/role", err)
	}
	put, created, err := s.members.Put(ctx, t.ID, id, role)
	if err != nil {
		return Member{}, false, unknownMember(err)
	}
	m, err = s.introduced(ctx, put)
	return m, created, err
}

// RemoveMember takes a user's place in a tenant away. Admins of the tenant only.
// The only admin's is [tenancy.CodeLastAdmin].
func (s *Service) RemoveMember(ctx context.Context, by tenancy.Principal, ref, user string) error {
	t, id, err := s.enterFor(ctx, by, ref, user, tenancy.WriteMembers)
	if err != nil {
		return err
	}
	return unknownMember(s.members.Remove(ctx, t.ID, id))
}

// enterFor is enter, for what is done to a user.
func (s *Service) enterFor(
	ctx context.Context, by tenancy.Principal, ref, user string, needed tenancy.Permission,
) (t tenancy.Tenant, id string, err error) {
	if t, err = s.enter(ctx, by, ref, needed); err != nil {
		return t, "", err
	}
	parsed, err := tenancy.ParseID(user) // a user's id has the same form
	if err != nil {
		return t, "", tenancy.ErrNotFound
	}
	return t, parsed.String(), nil
}

// unknownMember makes one value of all that tells of no member.
func unknownMember(err error) error {
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return tenancy.ErrNotFound
	}
	return err
}
