package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Identities stores which user an account at an OpenID provider belongs to.
// Identities cross tenants as users do, and only sign-in uses them. Its writes are
// in the platform's audit log: identity.bind.
type Identities interface {
	// Find returns the user that an identity is bound to. [tenancy.CodeNotFound] if
	// it isn't bound.
	Find(ctx context.Context, i identity.Identity) (user string, err error)

	// Bind binds an identity to a user permanently. [tenancy.CodeAlreadyExists] if
	// it is bound already, or if the user has another identity of the same issuer.
	// [tenancy.CodeNotFound] if there is no such user. A user's first identity
	// removes their password and ends their sessions: the person who chose the
	// password, perhaps through an invitation to someone else's address, hasn't
	// proved that the address is theirs, but the provider has.
	Bind(ctx context.Context, i identity.Identity, user string) error
}
