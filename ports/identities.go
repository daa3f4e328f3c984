package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Identities says which accounts at OpenID providers are whose, across tenants as
// users are, and for sign-in alone. Its writes are in the platform's audit log:
// identity.bind.
type Identities interface {
	// Find answers the user that an identity is bound to. [tenancy.CodeNotFound] if
	// it is bound to none.
	Find(ctx context.Context, i identity.Identity) (user string, err error)

	// Bind binds an identity to a user for good. [tenancy.CodeAlreadyExists] if it
	// is bound already, or if the user has another one of the same issuer.
	// [tenancy.CodeNotFound] if there is no such user. The first identity of a user
	// takes their password away and ends their sessions: whoever chose the password,
	// perhaps by an invitation to somebody else's address, hasn't shown that the
	// address is theirs, as the provider has.
	Bind(ctx context.Context, i identity.Identity, user string) error
}
