package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Users stores the people of an installation. It crosses tenants by nature: only
// super-admins' work, sign-in and the names of a tenant's own members come here.
// Each write is in the platform's audit log: user.create, user.update,
// user.remove.
type Users interface {
	// Create stores u, its address in the form of [identity.ParseEmail], and answers
	// what it stored: CreatedAt and UpdatedAt are set. What is no address is
	// [tenancy.CodeInvalid]. An address that another user has, in whatever letters,
	// or an id that one has is [tenancy.CodeAlreadyExists].
	Create(ctx context.Context, u identity.User) (identity.User, error)

	// Get answers a user; [tenancy.CodeNotFound] if there is none.
	Get(ctx context.Context, id string) (identity.User, error)

	// ByEmail answers the user with this address, in whatever letters it is
	// written; [tenancy.CodeNotFound] if there is none, also for what is no address.
	ByEmail(ctx context.Context, email string) (identity.User, error)

	// List answers at most q.Limit users in the order of their addresses as they are
	// stored, byte by byte, of those that q admits.
	List(ctx context.Context, q UserQuery) ([]identity.User, error)

	// Update changes what c has, sets UpdatedAt, and answers what it stored. What c
	// hasn't stays as it is by then, whatever the caller has read. Addresses are
	// refused as Create refuses them; [tenancy.CodeNotFound] if there is no such user.
	Update(ctx context.Context, id string, c UserChange) (identity.User, error)

	// Remove removes the user and all their memberships, in one transaction; each
	// tenant's audit log has its member.remove. If any tenant would be left without
	// the one admin it has, nothing is removed: [tenancy.CodeLastAdmin], with the ids
	// of those tenants as the member "tenants". [tenancy.CodeNotFound] if there is no
	// such user.
	Remove(ctx context.Context, id string) error
}

// UserQuery selects users. Its zero value selects all; Limit must be positive.
type UserQuery struct {
	IDs   []string // only these, unless nil; empty and not nil selects none
	After string   // only addresses behind this one
	Limit int
}

// UserChange says what to change of a user. Its zero value changes nothing.
type UserChange struct {
	Email      *string
	Name       *string
	SuperAdmin *bool
}
