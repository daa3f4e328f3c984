package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Passwords hashes the passwords of users. signin.Service implements it.
type Passwords interface {
	// Hash returns the hash of a password. An invalid password is
	// [tenancy.CodeInvalid].
	Hash(ctx context.Context, password string) (hash string, err error)
}

// NewUser has the fields of a user to create. The details of an error name the
// fields as /email, /name and /password.
type NewUser struct {
	Email      string // valid according to [identity.ParseEmail]
	Name       string // valid according to [tenancy.CheckName]
	Password   string // empty: the user has no password yet
	SuperAdmin bool
}

// CreateUser creates a user, who is a member of no tenant. Super-admins only. If
// another user has the address, the error is [tenancy.CodeAlreadyExists].
func (s *Service) CreateUser(
	ctx context.Context, by tenancy.Principal, in NewUser,
) (identity.User, error) {
	if err := s.needs("Users"); err != nil {
		return identity.User{}, err
	}
	if err := requireSuperAdmin(by); err != nil {
		return identity.User{}, err
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return identity.User{}, err
	}
	if err := checkName(&in.Name); err != nil {
		return identity.User{}, err
	}
	hash, err := s.hash(ctx, in.Password)
	if err != nil {
		return identity.User{}, err
	}
	return s.users.Create(ctx, identity.User{ID: s.newID().String(), Email: email, Name: in.Name,
		SuperAdmin: in.SuperAdmin}, hash)
}

// requireSuperAdmin returns an error unless by is a super-admin.
func requireSuperAdmin(by tenancy.Principal) error {
	switch {
	case by.Anonymous():
		return errUnauthenticated
	case !by.SuperAdmin:
		return tenancy.ErrForbidden
	}
	return nil
}

// parseEmail parses the address in an input; see [identity.ParseEmail].
func parseEmail(s string) (string, error) {
	email, err := identity.ParseEmail(s)
	if err != nil {
		return "", tenancy.AtPath("/email", err)
	}
	return email, nil
}

// hash returns the hash of a password. The hash of the empty password is empty.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if s.passwords == nil {
		return "", tenancy.AtPath("/password",
			tenancy.Errorf(tenancy.CodeInvalid,
				"sign-in by password is disabled: omit the password"))
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return "", tenancy.AtPath("/password", err)
	}
	return hash, nil
}

// GetUser returns a user. Super-admins only. An unknown id is
// [tenancy.ErrNotFound].
func (s *Service) GetUser(
	ctx context.Context, by tenancy.Principal, id string,
) (identity.User, error) {
	if err := s.needs("Users"); err != nil {
		return identity.User{}, err
	}
	if err := requireSuperAdmin(by); err != nil {
		return identity.User{}, err
	}
	return s.users.Get(ctx, id)
}

// UserList selects a page of users, or of members.
type UserList struct {
	Search string // only people with this in the name or the address, in any case
	After  string // users: only addresses after this one; members: only ids
	Limit  int    // at least 1
}

// ListUsers returns users in the order of their addresses. Super-admins only.
func (s *Service) ListUsers(
	ctx context.Context, by tenancy.Principal, q UserList,
) ([]identity.User, error) {
	if err := s.needs("Users"); err != nil {
		return nil, err
	}
	if err := requireSuperAdmin(by); err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	return s.users.List(ctx, ports.UserQuery{Search: q.Search, After: q.After, Limit: q.Limit})
}

// UserChange is a change of a user. Nil fields don't change. The details of an
// error name the fields as /email, /name and /password.
type UserChange struct {
	Email      *string
	Name       *string
	SuperAdmin *bool
	Password   *string // ends the user's sessions
}

// UpdateUser changes a user and returns the changed user. Super-admins only.
func (s *Service) UpdateUser(
	ctx context.Context, by tenancy.Principal, id string, c UserChange,
) (identity.User, error) {
	if err := s.needs("Users"); err != nil {
		return identity.User{}, err
	}
	if err := requireSuperAdmin(by); err != nil {
		return identity.User{}, err
	}
	if c.Email != nil {
		email, err := parseEmail(*c.Email)
		if err != nil {
			return identity.User{}, err
		}
		c.Email = &email
	}
	if c.Name != nil {
		name := *c.Name
		if err := checkName(&name); err != nil {
			return identity.User{}, err
		}
		c.Name = &name
	}
	hash, err := s.newPassword(ctx, c.Password)
	if err != nil {
		return identity.User{}, err
	}
	return s.users.Update(ctx, id, ports.UserChange{
		Email: c.Email, Name: c.Name, SuperAdmin: c.SuperAdmin, PasswordHash: hash,
	})
}

// newPassword returns the hash of a password, and nil for nil. An empty password is
// [tenancy.CodeInvalid].
func (s *Service) newPassword(ctx context.Context, password *string) (*string, error) {
	switch {
	case password == nil:
		return nil, nil
	case *password == "":
		return nil, tenancy.AtPath("/password",
			tenancy.Errorf(tenancy.CodeInvalid, "a password must not be empty"))
	}
	hash, err := s.hash(ctx, *password)
	return &hash, err
}

// RemoveUser removes a user and their memberships in every tenant. Super-admins
// only. If the user is the only admin of a tenant, the error is
// [tenancy.CodeLastAdmin].
func (s *Service) RemoveUser(ctx context.Context, by tenancy.Principal, id string) error {
	if err := s.needs("Users"); err != nil {
		return err
	}
	if err := requireSuperAdmin(by); err != nil {
		return err
	}
	return s.users.Remove(ctx, id)
}
