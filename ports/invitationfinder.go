package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// InvitationFinder finds the invitation of a token before the tenant is known, and
// accepts it.
type InvitationFinder interface {
	// Find returns the invitation with this hash. [tenancy.CodeNotFound] if there is
	// none, if its tenant isn't active, or if the inviter may no longer invite. These
	// may invite: the platform, a user who is an admin of the tenant or a super-admin,
	// and an API key of the tenant that has the admin role and hasn't expired. Find
	// also returns an expired invitation: the caller checks the time.
	Find(ctx context.Context, hash tenancy.InvitationHash) (tenancy.Invitation, error)

	// Accept removes the invitation with this hash and gives the user its role in its
	// tenant, in one transaction: of any number of calls at once, one succeeds. With
	// newUser it stores the user first, as [Users.Create] does, with the password of
	// this hash unless it is "". A member keeps a role that includes the invitation's.
	// [tenancy.CodeNotFound] if Find doesn't find the invitation, if no user has the id
	// u.ID, or if the user doesn't have the invitation's address. On an error nothing changes, and the invitation stays
	// open. The audit logs name the user as the actor: invitation.accept, member.add
	// or member.update, user.create, password.set.
	Accept(ctx context.Context, hash tenancy.InvitationHash, u identity.User,
		newUser bool, passwordHash string) (tenancy.Membership, error)
}
