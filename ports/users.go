package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Users stores the users of an installation. It crosses tenants by design: only
// super-admins, sign-in and the names in a tenant's list of members use it. Each
// write is in the platform's audit log: user.create, user.update, user.remove, and
// password.set for a password.
type Users interface {
	// Create stores u, its address in the form of [identity.ParseEmail], and returns
	// the stored user: CreatedAt and UpdatedAt are set. An invalid address is
	// [tenancy.CodeInvalid]. An address that another user has, in any letter case, or
	// an id that a user has is [tenancy.CodeAlreadyExists]. The user has the password with
	// the hash passwordHash, stored in the same transaction; "" means that they have none.
	Create(ctx context.Context, u identity.User, passwordHash string) (identity.User, error)

	// Get returns a user; [tenancy.CodeNotFound] if there is none.
	Get(ctx context.Context, id string) (identity.User, error)

	// ByEmail returns the user with this address, in any letter case;
	// [tenancy.CodeNotFound] if there is none, or if the address is invalid.
	ByEmail(ctx context.Context, email string) (identity.User, error)

	// List returns at most q.Limit users that match q in the order of their stored
	// addresses, byte by byte.
	List(ctx context.Context, q UserQuery) ([]identity.User, error)

	// Update changes the fields that c sets, sets UpdatedAt, and returns the stored
	// user. The other fields keep their stored values, whatever the caller has read. A
	// new password ends all sessions of the user.
	// Addresses are refused as Create refuses them; [tenancy.CodeNotFound] if there is
	// no such user.
	Update(ctx context.Context, id string, c UserChange) (identity.User, error)

	// Remove removes the user and all their memberships, in one transaction; each
	// tenant's audit log gets an entry member.remove. If the user is the only admin of
	// any tenant, nothing is removed: [tenancy.CodeLastAdmin], with the ids of those
	// tenants as the member "tenants". [tenancy.CodeNotFound] if there is no such user.
	Remove(ctx context.Context, id string) error
}

// UserQuery selects users. Its zero value selects all; Limit must be positive.
type UserQuery struct {
	IDs    []string // only these ids, unless nil; an empty slice selects none
	Search string   // a case-insensitive substring of the name or the address
	After  string   // only addresses after this one
	Limit  int
}

// UserChange says which fields of a user to change. Its zero value changes nothing.
type UserChange struct {
	Email        *string
	Name         *string
	SuperAdmin   *bool
	PasswordHash *string
}
