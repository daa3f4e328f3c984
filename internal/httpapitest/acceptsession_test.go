package httpapitest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// endsSessions ends, as another caller would, the sessions of the accepting user before the
// invitation is accepted.
type endsSessions struct {
	ports.InvitationFinder
	sessions ports.Sessions
}

func (s endsSessions) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, newUser bool, password string,
) (tenancy.Membership, error) {
	if err := s.sessions.RevokeAll(context.Background(), u.ID); err != nil {
		return tenancy.Membership{}, err
	}
	return s.InvitationFinder.Accept(ctx, hash, u, newUser, password)
}

func TestEndedSessionAcceptsNoInvitation(t *testing.T) {
	t.Parallel()
	services := memory.New(apitest.Kinds(), memory.Options{}).Services()
	services.InvitationFinder = endsSessions{services.InvitationFinder, services.Sessions}
	reg := apitest.NewOver(t, services, withCheapHashing)
	ada := addUserWithPassword(t, reg, "ada", "")
	i := invite(t, reg, "acme-admin", ada.Email, "viewer")
	accept := apitest.Post("", acceptPath, `{"token":"`+i.Token+`"}`)
	reg.Do(t, accept.WithCookie(signIn(t, reg, "ada"))).WantProblem(t, 404, tenancy.CodeNotFound)
	roles, err := services.Memberships.ForUser(t.Context(), ada.ID)
	require.NoError(t, err)
	require.Empty(t, roles)
}
