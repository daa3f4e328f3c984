package admin

import (
	"context"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// How long an invitation stands.
const (
	InvitationLife    = 7 * 24 * time.Hour // unless the order says otherwise
	MaxInvitationLife = 30 * 24 * time.Hour
	minInvitationLife = time.Minute
)

// NewInvitation is what an invitation is created from. The details of an error
// name its fields as /email, /role and /expires_in.
type NewInvitation struct {
	Email     string // what [identity.ParseEmail] reads
	Role      tenancy.Role
	ExpiresIn time.Duration // a minute to [MaxInvitationLife]; zero: [InvitationLife]
}

// Invite makes an invitation to a tenant and answers it beside its token, which
// is stored nowhere and can't be shown again. Admins of the tenant only. Nothing
// that is answered depends on whether there is a user with that address. An
// earlier invitation of the address to the tenant is replaced. A deleted tenant
// is [tenancy.CodeInvalidState].
func (s *Service) Invite(
	ctx context.Context, by tenancy.Principal, ref string, in NewInvitation,
) (i tenancy.Invitation, token string, err error) {
	t, err := s.enter(ctx, by, ref, tenancy.WriteMembers)
	if err != nil {
		return tenancy.Invitation{}, "", err
	}
	if t.State == tenancy.Deleted {
		return tenancy.Invitation{}, "", errDeleted
	}
	if in, err = in.checked(); err != nil {
		return tenancy.Invitation{}, "", err
	}
	token = tenancy.NewInvitationToken()
	hash, err := tenancy.HashInvitationToken(token)
	if err != nil {
		return tenancy.Invitation{}, "", err
	}
	i, err = s.invitations.Create(ctx, t.ID, tenancy.Invitation{
		ID: s.newID().String(), Tenant: t.ID, Email: in.Email, Role: in.Role, Hash: hash,
		InvitedBy: tenancy.Actor{Kind: by.Kind, ID: by.ID, Name: by.Name},
		ExpiresAt: s.now().Add(in.ExpiresIn).UTC().Truncate(time.Microsecond),
	})
	if err != nil {
		return tenancy.Invitation{}, "", err
	}
	i.Hash = tenancy.InvitationHash{}
	return i, token, nil
}

func (in NewInvitation) checked() (NewInvitation, error) {
	email, err := parseEmail(in.Email)
	if err != nil {
		return in, err
	}
	if err := tenancy.CheckMemberRole(in.Role); err != nil {
		return in, at("/role", err)
	}
	if in.ExpiresIn == 0 {
		in.ExpiresIn = InvitationLife
	}
	if in.ExpiresIn < minInvitationLife || in.ExpiresIn > MaxInvitationLife {
		return in, at("/expires_in",
			tenancy.Errorf(tenancy.CodeInvalid, "an invitation stands from a minute to 30 days"))
	}
	in.Email = email
	return in, nil
}

// ListInvitations answers at most limit open invitations of a tenant, the oldest
// first, those behind the id after ("" for the first page); expired ones too.
// Admins of the tenant only. No hash is answered.
func (s *Service) ListInvitations(
	ctx context.Context, by tenancy.Principal, ref, after string, limit int,
) ([]tenancy.Invitation, error) {
	t, err := s.enter(ctx, by, ref, tenancy.ReadMembers)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	if after, err = behindID(after,
		"a list of invitations goes on behind the id of one"); err != nil {
		return nil, err
	}
	return s.invitations.List(ctx, t.ID, after, limit)
}

// RevokeInvitation removes an invitation: its token is good for nothing from then
// on. Admins of the tenant only. An id of none of this tenant is
// [tenancy.ErrNotFound].
func (s *Service) RevokeInvitation(
	ctx context.Context, by tenancy.Principal, ref, id string,
) error {
	t, id, err := s.enterFor(ctx, by, ref, id, tenancy.WriteMembers)
	if err != nil {
		return err
	}
	return unknownMember(s.invitations.Revoke(ctx, t.ID, id))
}

// Acceptance is what an invitation is accepted with. Name and Password are a new
// user's; who has an account is known by it. The details of an error name its
// fields as /name and /password.
type Acceptance struct {
	Token    string
	Name     string // none: what stands before the @ of the address
	Password string // none: the user has no password yet
}

// errInvitation is the one answer for every token that is good for nothing, and
// for whoever isn't the one that it is for.
var errInvitation = tenancy.Errorf(tenancy.CodeNotFound,
	"no such invitation: it is unknown, used, revoked or expired, or it is for an account that"+
		" you must be signed in to")

// AcceptInvitation uses an invitation up, and answers the member that it makes
// and their tenant. Where there is a user with the invitation's address, that
// user must be by; otherwise the user is made. Every other token, an expired one,
// and one whose maker may invite no longer or whose tenant isn't active, is one
// and the same [tenancy.CodeNotFound].
func (s *Service) AcceptInvitation(
	ctx context.Context, by tenancy.Principal, in Acceptance,
) (Member, tenancy.Tenant, error) {
	i, err := s.findInvitation(ctx, in.Token)
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	u, err := s.users.ByEmail(ctx, i.Email)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return s.acceptFresh(ctx, i, in)
	}
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	if by.Kind != tenancy.UserPrincipal || by.ID != u.ID {
		return Member{}, tenancy.Tenant{}, errInvitation
	}
	return s.accept(ctx, i, u, false)
}

func (s *Service) findInvitation(ctx context.Context, token string) (tenancy.Invitation, error) {
	hash, err := tenancy.HashInvitationToken(token)
	if err != nil {
		return tenancy.Invitation{}, errInvitation.Because(err)
	}
	i, err := s.acceptances.Find(ctx, hash)
	if err != nil {
		return tenancy.Invitation{}, deadInvitation(err)
	}
	if !i.Valid(s.now()) {
		return tenancy.Invitation{}, errInvitation
	}
	return i, nil
}

func deadInvitation(err error) error {
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return errInvitation.Because(err)
	}
	return err
}

// acceptFresh makes the user. Their password is hashed before the invitation is
// used up, so that one that can't be leaves it as it is.
func (s *Service) acceptFresh(
	ctx context.Context, i tenancy.Invitation, in Acceptance,
) (Member, tenancy.Tenant, error) {
	if in.Name == "" {
		in.Name, _, _ = strings.Cut(i.Email, "@")
	}
	if err := checkName(in.Name); err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	hash, err := s.hash(ctx, in.Password)
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	u := identity.User{ID: s.newID().String(), Email: i.Email, Name: in.Name}
	m, t, err := s.accept(ctx, i, u, true)
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	return m, t, s.setPassword(ctx, u, hash)
}

func (s *Service) accept(
	ctx context.Context, i tenancy.Invitation, u identity.User, fresh bool,
) (Member, tenancy.Tenant, error) {
	m, err := s.acceptances.Accept(ctx, i.Hash, u, fresh)
	// somebody was made with this address meanwhile
	if fresh && tenancy.CodeOf(err) == tenancy.CodeAlreadyExists {
		err = errInvitation.Because(err)
	}
	if err != nil {
		return Member{}, tenancy.Tenant{}, deadInvitation(err)
	}
	t, err := s.tenants.Get(ctx, m.Tenant)
	return Member{Membership: m, Email: u.Email, Name: u.Name}, t, err
}
