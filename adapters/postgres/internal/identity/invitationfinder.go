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

// invitationFinder is [ports.InvitationFinder] on the system role's pool. A function of the
// database finds the one row; everything else happens in the tenant of that row.
type invitationFinder struct{ pool *pool.Pool }

var _ ports.InvitationFinder = (*invitationFinder)(nil)

func (f *invitationFinder) Find(
	ctx context.Context, hash tenancy.InvitationHash,
) (tenancy.Invitation, error) {
	ctx = pool.CrossTenant(ctx, "find the tenant of an invitation")
	found, err := findOpenInvitation(ctx, f.pool.System, hash)
	return found, pgerr.Translate(err)
}

// findOpenInvitation returns the invitation with this hash if it can be accepted; the caller
// checks whether it has expired.
func findOpenInvitation(
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

// Accept finds the tenant first, because the transaction is scoped to that tenant. A concurrent
// write of the same member or user makes the transaction fail and run again.
func (f *invitationFinder) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, newUser bool,
	passwordHash string,
) (m tenancy.Membership, err error) {
	found, err := f.Find(ctx, hash)
	if err != nil {
		return m, f.pool.HideUnlessAllowed(ctx, err)
	}
	ctx = pool.CrossTenantFor(ctx, "accept an invitation", found.Tenant)
	err = f.pool.RetryCrossTenantTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		m, err = acceptInvitation(ctx, tx, found, u, newUser)
		if err != nil || !newUser || passwordHash == "" {
			return err
		}
		event, err := setPassword(ctx, tx, m.User, passwordHash, "")
		if err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, event.By(u.Actor()))
	})
	if err != nil {
		return tenancy.Membership{}, userError(err)
	}
	return m, nil
}

// acceptInvitation removes the invitation i and gives the user its role. It records the events
// last, because recording locks the audit log's end until the transaction ends.
func acceptInvitation(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation, u identity.User, newUser bool,
) (m tenancy.Membership, err error) {
	if i, err = removeOpenInvitation(ctx, tx, i); err != nil {
		return m, err
	}
	if u, err = createOrLockUser(ctx, tx, i, u, newUser); err != nil {
		return m, err
	}
	m, changes, err := admitMember(ctx, tx, i, u)
	if err != nil {
		return m, err
	}
	for _, e := range append([]tenancy.Event{tenancy.InvitationAccepted(i)}, changes...) {
		if err := audit.Record(ctx, tx, e.By(u.Actor())); err != nil {
			return m, err
		}
	}
	if !newUser {
		return m, nil
	}
	return m, audit.RecordPlatform(ctx, tx, identity.UserCreated(u).By(u.Actor()))
}

// removeOpenInvitation locks the invitation before it checks whether it is still open: of
// several calls at the same time one removes it, and the others don't find it.
func removeOpenInvitation(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation,
) (tenancy.Invitation, error) {
	var locked []string
	err := tx.NewRaw("SELECT id::text FROM bailiwick.invitations WHERE tenant_id = ? AND hash = ?"+
		" FOR UPDATE", i.Tenant, i.Hash[:]).Scan(ctx, &locked)
	if err != nil {
		return i, err
	}
	if i, err = findOpenInvitation(ctx, tx, i.Hash); err != nil {
		return i, err
	}
	_, err = deleteInvitation(ctx, tx, i.Tenant, i.ID)
	return i, err
}

// createOrLockUser returns the user who accepts the invitation, locked until the transaction
// ends. The user must have the invitation's address.
func createOrLockUser(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation, u identity.User, newUser bool,
) (identity.User, error) {
	email, err := identity.ParseEmail(u.Email)
	switch {
	case err != nil || newUser && email != i.Email:
		return u, errNoUser
	case newUser:
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

// admitMember gives u the invitation's role, unless u has a role that includes it. It returns the
// events to record.
func admitMember(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation, u identity.User,
) (tenancy.Membership, []tenancy.Event, error) {
	before, err := readMember(ctx, tx, i.Tenant, u.ID, " FOR UPDATE")
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
