package admin

import (
	"context"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// The lifetimes of an invitation.
const (
	DefaultInvitationTTL = 7 * 24 * time.Hour // the default
	MaxInvitationTTL     = 30 * 24 * time.Hour
	minInvitationLife    = time.Minute
)

// NewInvitation has the fields of an invitation to create. The details of an error
// name the fields as /email, /role and /expires_in.
type NewInvitation struct {
	Email     string // valid according to [identity.ParseEmail]
	Role      tenancy.Role
	ExpiresIn time.Duration // a minute to [MaxInvitationLife]; zero: [InvitationLife]
}

// Invite creates an invitation to a tenant and returns it with its token, which is
// never stored and can't be shown again. Admins of the tenant only. The result
// doesn't depend on whether a user with that address exists. The invitation
// replaces an earlier one of the same address to the same tenant. A deleted tenant
// is [tenancy.CodeInvalidState].
func (s *Service) Invite(
	ctx context.Context, by tenancy.Principal, ref string, in NewInvitation,
) (i tenancy.Invitation, token string, err error) {
	if err := s.needs("Invitations"); err != nil {
		return tenancy.Invitation{}, "", err
	}
	t, err := s.authorizeUndeleted(ctx, by, ref, tenancy.MemberWrite)
	if err != nil {
		return tenancy.Invitation{}, "", err
	}
	if in, err = in.validated(); err != nil {
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

// validated checks in, and returns it with the normal form of the address and with
// the default lifetime.
func (in NewInvitation) validated() (NewInvitation, error) {
	email, err := parseEmail(in.Email)
	if err != nil {
		return in, err
	}
	if err := tenancy.CheckMemberRole(in.Role); err != nil {
		return in, tenancy.AtPath("/role", err)
	}
	if in.ExpiresIn == 0 {
		in.ExpiresIn = DefaultInvitationTTL
	}
	if in.ExpiresIn < minInvitationLife || in.ExpiresIn > MaxInvitationTTL {
		return in, tenancy.AtPath("/expires_in",
			tenancy.Errorf(tenancy.CodeInvalid,
				"an invitation must be valid for 1 minute to 30 days"))
	}
	in.Email = email
	return in, nil
}

// ListInvitations returns at most limit open invitations of a tenant, the oldest
// first, that come after the id after ("" for the first page). Expired invitations
// are included, hashes aren't. Admins of the tenant only.
func (s *Service) ListInvitations(
	ctx context.Context, by tenancy.Principal, ref, after string, limit int,
) ([]tenancy.Invitation, error) {
	if err := s.needs("Invitations"); err != nil {
		return nil, err
	}
	t, err := s.authorize(ctx, by, ref, tenancy.MemberRead)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	if after, err = parseCursor(after, "an invitation"); err != nil {
		return nil, err
	}
	return s.invitations.List(ctx, t.ID, after, limit)
}

// RevokeInvitation removes an invitation, whose token is invalid from then on.
// Admins of the tenant only. If the tenant has no invitation with the id, the error
// is [tenancy.ErrNotFound].
func (s *Service) RevokeInvitation(
	ctx context.Context, by tenancy.Principal, ref, id string,
) error {
	if err := s.needs("Invitations"); err != nil {
		return err
	}
	t, id, err := s.authorizeWithID(ctx, by, ref, id, tenancy.MemberWrite)
	if err != nil {
		return err
	}
	return plainNotFound(s.invitations.Revoke(ctx, t.ID, id))
}

// Acceptance has what is needed to accept an invitation. Name and Password are for
// a new user; they are ignored if the user exists. The details of an error name the
// fields as /name and /password.
type Acceptance struct {
	Token    string
	Name     string // empty: the part of the address before the @
	Password string // empty: none, if [Options.PasswordOptional]
}

// errInvitation is the only error for an invalid token, and for a caller who isn't
// the invited user.
var errInvitation = tenancy.Errorf(tenancy.CodeNotFound,
	"no such invitation: it is unknown, used, revoked or expired, or it is for an account that"+
		" you must be signed in to")

// AcceptInvitation uses an invitation up. It returns the new member and their
// tenant. If a user with the invitation's address exists, by must be that user;
// otherwise AcceptInvitation creates the user. A new user who could never sign in is
// [tenancy.CodePasswordRequired]; the invitation stays open. All other cases are the same
// [tenancy.CodeNotFound]: an unknown, used, revoked or expired token, an inviter
// who may not invite any more, and a tenant that isn't active.
func (s *Service) AcceptInvitation(
	ctx context.Context, by tenancy.Principal, in Acceptance,
) (Member, tenancy.Tenant, error) {
	if err := s.needs("InvitationFinder", "Users"); err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	i, err := s.findInvitation(ctx, in.Token)
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	u, err := s.users.ByEmail(ctx, i.Email)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return s.acceptAsNewUser(ctx, i, in)
	}
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	if by.Kind != tenancy.UserPrincipal || by.ID != u.ID {
		return Member{}, tenancy.Tenant{}, errInvitation
	}
	return s.accept(ctx, i, u, false, "")
}

// findInvitation returns the valid invitation of a token.
func (s *Service) findInvitation(ctx context.Context, token string) (tenancy.Invitation, error) {
	hash, err := tenancy.HashInvitationToken(token)
	if err != nil {
		return tenancy.Invitation{}, errInvitation.Because(err)
	}
	i, err := s.invitationFinder.Find(ctx, hash)
	if err != nil {
		return tenancy.Invitation{}, invitationError(err)
	}
	if !i.Valid(s.now()) {
		return tenancy.Invitation{}, errInvitation
	}
	return i, nil
}

// invitationError hides why an invitation wasn't found. A caller whose session has ended is
// like one who isn't signed in.
func invitationError(err error) error {
	switch tenancy.CodeOf(err) {
	case tenancy.CodeNotFound, tenancy.CodeUnauthenticated:
		return errInvitation.Because(err)
	}
	return err
}

// acceptAsNewUser accepts an invitation and creates the user. It hashes the
// password first, so that an invalid password doesn't use the invitation up.
func (s *Service) acceptAsNewUser(
	ctx context.Context, i tenancy.Invitation, in Acceptance,
) (Member, tenancy.Tenant, error) {
	if in.Name == "" {
		in.Name, _, _ = strings.Cut(i.Email, "@")
	}
	if err := checkName(&in.Name); err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	hash, err := s.hash(ctx, in.Password)
	if err != nil {
		return Member{}, tenancy.Tenant{}, err
	}
	if hash == "" && s.passwords != nil && !s.passwordOptional {
		return Member{}, tenancy.Tenant{}, errPasswordRequired
	}
	u := identity.User{ID: s.newID().String(), Email: i.Email, Name: in.Name}
	return s.accept(ctx, i, u, true, hash)
}

// errPasswordRequired is the error for a new person who could never sign in.
var errPasswordRequired = tenancy.AtPath("/password",
	tenancy.Errorf(tenancy.CodePasswordRequired,
		"a new account needs a password to sign in with: accept the invitation with one"))

// accept uses up an invitation for u, who is created with this password if newUser is true.
func (s *Service) accept(
	ctx context.Context, i tenancy.Invitation, u identity.User, newUser bool, passwordHash string,
) (Member, tenancy.Tenant, error) {
	m, err := s.invitationFinder.Accept(ctx, i.Hash, u, newUser, passwordHash)
	// another request has created a user with this address
	if newUser && tenancy.CodeOf(err) == tenancy.CodeAlreadyExists {
		err = errInvitation.Because(err)
	}
	if err != nil {
		return Member{}, tenancy.Tenant{}, invitationError(err)
	}
	t, err := s.tenants.Get(ctx, m.Tenant)
	return Member{Membership: m, Email: u.Email, Name: u.Name}, t, err
}
