package admin

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Passwords makes and keeps what is known of a user's password. It is sign-in's.
type Passwords interface {
	// Hash makes what is stored of a password. One that can't be is
	// [tenancy.CodeInvalid].
	Hash(ctx context.Context, password string) (hash string, err error)

	// Set gives a user the password of a hash, and ends the user's sessions.
	Set(ctx context.Context, user, hash string) error
}

// NewUser is what a user is created from. The details of an error name its fields
// as /email, /name and /password.
type NewUser struct {
	Email      string // what [identity.ParseEmail] reads
	Name       string // what [tenancy.CheckName] admits
	Password   string // none: the user has no password yet
	SuperAdmin bool
}

// CreateUser makes a user, in no tenant. Super-admins only. An address that
// another user has is [tenancy.CodeAlreadyExists].
func (s *Service) CreateUser(
	ctx context.Context, by tenancy.Principal, in NewUser,
) (identity.User, error) {
	if err := superAdmin(by); err != nil {
		return identity.User{}, err
	}
	email, err := parseEmail(in.Email)
	if err != nil {
		return identity.User{}, err
	}
	if err := checkName(in.Name); err != nil {
		return identity.User{}, err
	}
	hash, err := s.hash(ctx, in.Password)
	if err != nil {
		return identity.User{}, err
	}
	u, err := s.users.Create(ctx, identity.User{ID: s.newID().String(), Email: email, Name: in.Name,
		SuperAdmin: in.SuperAdmin})
	if err != nil {
		return identity.User{}, err
	}
	return u, s.setPassword(ctx, u, hash)
}

// superAdmin is whether by may manage users.
func superAdmin(by tenancy.Principal) error {
	switch {
	case by.Anonymous():
		return errUnauthenticated
	case !by.SuperAdmin:
		return tenancy.ErrForbidden
	}
	return nil
}

func parseEmail(s string) (string, error) {
	email, err := identity.ParseEmail(s)
	if err != nil {
		return "", at("/email", err)
	}
	return email, nil
}

// hash makes what is stored of a password; no password is the empty hash.
func (s *Service) hash(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	if s.passwords == nil {
		return "", at("/password",
			tenancy.Errorf(tenancy.CodeInvalid, "nobody signs in with a password here"))
	}
	hash, err := s.passwords.Hash(ctx, password)
	if err != nil {
		return "", at("/password", err)
	}
	return hash, nil
}

func (s *Service) setPassword(ctx context.Context, u identity.User, hash string) error {
	if hash == "" {
		return nil
	}
	return s.passwords.Set(ctx, u.ID, hash)
}

// GetUser answers a user. Super-admins only. An id of nobody is
// [tenancy.ErrNotFound].
func (s *Service) GetUser(
	ctx context.Context, by tenancy.Principal, id string,
) (identity.User, error) {
	if err := superAdmin(by); err != nil {
		return identity.User{}, err
	}
	return s.users.Get(ctx, id)
}

// ListUsers answers at most limit users in the order of their addresses, those
// behind the address after ("" for the first page). Super-admins only.
func (s *Service) ListUsers(
	ctx context.Context, by tenancy.Principal, after string, limit int,
) ([]identity.User, error) {
	if err := superAdmin(by); err != nil {
		return nil, err
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	return s.users.List(ctx, ports.UserQuery{After: after, Limit: limit})
}

// UserChange says what to change of a user. What is nil stays. The details of an
// error name its fields as /email, /name and /password.
type UserChange struct {
	Email      *string
	Name       *string
	SuperAdmin *bool
	Password   *string // ends the user's sessions
}

// UpdateUser changes a user and answers them as they are then. Super-admins only.
func (s *Service) UpdateUser(
	ctx context.Context, by tenancy.Principal, id string, c UserChange,
) (identity.User, error) {
	if err := superAdmin(by); err != nil {
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
		if err := checkName(*c.Name); err != nil {
			return identity.User{}, err
		}
	}
	hash, err := s.newPassword(ctx, c.Password)
	if err != nil {
		return identity.User{}, err
	}
	u, err := s.users.Update(ctx, id,
		ports.UserChange{Email: c.Email, Name: c.Name, SuperAdmin: c.SuperAdmin})
	if err != nil {
		return identity.User{}, err
	}
	return u, s.setPassword(ctx, u, hash)
}

// newPassword is hash, of a password that mustn't be none where it is given.
func (s *Service) newPassword(ctx context.Context, password *string) (string, error) {
	switch {
	case password == nil:
		return "", nil
	case *password == "":
		return "", at("/password",
			tenancy.Errorf(tenancy.CodeInvalid, "a password must not be empty"))
	}
	return s.hash(ctx, *password)
}

// RemoveUser removes a user and their place in every tenant. Super-admins only.
// The only admin of a tenant is [tenancy.CodeLastAdmin].
func (s *Service) RemoveUser(ctx context.Context, by tenancy.Principal, id string) error {
	if err := superAdmin(by); err != nil {
		return err
	}
	return s.users.Remove(ctx, id)
}
