package identity

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// invitationFinder is [ports.InvitationFinder], upon the system role's pool: a function of
// the database finds the one row, and all else is done within its tenant.
type invitationFinder struct{ pool *pool.Pool }

var _ ports.InvitationFinder = (*invitationFinder)(nil)

func (s *invitationFinder) Find(
	ctx context.Context, hash tenancy.InvitationHash,
) (tenancy.Invitation, error) {
	found, err := standing(pool.CrossTenant(ctx, "find the tenant of an invitation"), s.pool.System,
		hash)
	return found, pgerr.Translate(err)
}

// standing finds the invitation if it could be accepted now, but for its expiry.
func standing(
	ctx context.Context, db bun.IDB, hash tenancy.InvitationHash,
) (tenancy.Invitation, error) {
	var rows []invitationRow
	err := db.NewRaw("SELECT "+invitationColumns+" FROM bailiwick.find_invitation(?)", hash[:]).
		Scan(ctx, &rows)
	if err != nil {
		return tenancy.Invitation{}, err
	}
	if len(rows) == 0 {
		return tenancy.Invitation{}, errNoInvitation
	}
	found := rows[0].invitation()
	found.Hash = hash
	return found, nil
}

func (s *invitationFinder) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, fresh bool,
) (m tenancy.Membership, err error) {
	found, err := s.Find(ctx, hash)
	if err != nil {
		return m, err
	}
	ctx = pool.CrossTenantFor(ctx, "accept an invitation", found.Tenant)
	err = pool.RetryTx(ctx, s.pool.System, func(ctx context.Context, tx bun.Tx) (err error) {
		m, err = accept(ctx, tx, found, u, fresh)
		return err
	})
	if err != nil {
		return tenancy.Membership{}, userError(err)
	}
	return m, nil
}

// accept holds the invitation before it looks whether it still stands: it is
// removed once, and whoever waited for that finds none.
func accept(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation, u identity.User, fresh bool,
) (m tenancy.Membership, err error) {
	var held []string
	err = tx.NewRaw("SELECT id::text FROM bailiwick.invitations WHERE tenant_id = ? AND hash = ?"+
		" FOR UPDATE", i.Tenant, i.Hash[:]).Scan(ctx, &held)
	if err != nil {
		return m, err
	}
	if i, err = standing(ctx, tx, i.Hash); err != nil {
		return m, err
	}
	if _, err := takeInvitation(ctx, tx, "id = ?", i.Tenant, i.ID); err != nil {
		return m, err
	}
	if u, err = acceptor(ctx, tx, i, u, fresh); err != nil {
		return m, err
	}
	m, events, err := admitMember(ctx, tx, i, u)
	if err != nil {
		return m, err
	}
	// at the end: the log is held from here on
	for _, e := range append([]tenancy.Event{tenancy.InvitationAccepted(i)}, events...) {
		if err := audit.Record(ctx, tx, e.By(u.Actor())); err != nil {
			return m, err
		}
	}
	if !fresh {
		return m, nil
	}
	return m, audit.RecordPlatform(ctx, tx, identity.UserCreated(u).By(u.Actor()))
}

// acceptor is the user who accepts, held until the transaction ends.
func acceptor(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation, u identity.User, fresh bool,
) (identity.User, error) {
	normal, err := identity.ParseEmail(u.Email)
	switch {
	case err != nil || fresh && normal != i.Email:
		return u, errNoUser
	case fresh:
		row, err := insertUser(ctx, tx, u)
		return row.user(), err
	}
	id, err := userID(u.ID)
	if err != nil {
		return u, err
	}
	var rows []userRow
	err = tx.NewRaw("SELECT "+userColumns+
		" FROM bailiwick.users WHERE id = ? AND email_key = ? FOR SHARE", id, i.Email).
		Scan(ctx, &rows)
	if err != nil {
		return u, err
	}
	if len(rows) == 0 {
		return u, errNoUser
	}
	return rows[0].user(), nil
}

// admitMember gives u the invitation's role, unless they have as much, and answers
// what is to be noted of it.
func admitMember(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation, u identity.User,
) (tenancy.Membership, []tenancy.Event, error) {
	before, err := oneMember(ctx, tx, i.Tenant, u.ID, " FOR UPDATE")
	if err != nil {
		return tenancy.Membership{}, nil, err
	}
	if before != nil && tenancy.Role(before.Role).Includes(i.Role) {
		return before.membership(), nil, nil
	}
	m, event, err := writeMember(ctx, tx, before,
		tenancy.Membership{Tenant: i.Tenant, User: u.ID, Role: i.Role})
	return m, []tenancy.Event{event}, err
}
