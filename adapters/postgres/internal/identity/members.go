package identity

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// members is [ports.Members] on the scoped pool.
type members struct{ pool *pool.Pool }

var _ ports.Members = (*members)(nil)

const memberColumns = "tenant_id, user_id, role, created_at"

// memberList pages members by the user's id: a tenant has a user once.
var memberList = pool.Listing{
	Table: "bailiwick.members", Columns: memberColumns, ID: "user_id",
	InvalidCursor: "invalid cursor: it isn't the id of a user",
}

// memberRow is a row of bailiwick.members.
type memberRow struct {
	TenantID  tenancy.ID
	UserID    string
	Role      string
	CreatedAt time.Time
}

func (r memberRow) membership() tenancy.Membership {
	return tenancy.Membership{Tenant: r.TenantID, User: r.UserID, Role: tenancy.Role(r.Role),
		CreatedAt: r.CreatedAt.UTC()}
}

var errNoMember = tenancy.Errorf(tenancy.CodeNotFound, "no such member")

func (s *members) Get(
	ctx context.Context, tenant tenancy.ID, user string,
) (tenancy.Membership, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.Membership{}, err
	}
	if user, err = parseID(user, errNoMember); err != nil {
		return tenancy.Membership{}, err
	}
	found, err := readMember(ctx, s.pool.App, tenant, user, "")
	if err != nil {
		return tenancy.Membership{}, pgerr.Translate(err)
	}
	if found == nil {
		return tenancy.Membership{}, errNoMember
	}
	return found.membership(), nil
}

// readMember returns nil if the user isn't a member. lock is appended to the query: "" or
// " FOR UPDATE".
func readMember(
	ctx context.Context, db bun.IDB, tenant tenancy.ID, user, lock string,
) (*memberRow, error) {
	var rows []memberRow
	err := db.NewRaw("SELECT "+memberColumns+
		" FROM bailiwick.members WHERE tenant_id = ? AND user_id = ?"+lock, tenant, user).
		Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

func (s *members) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.Membership, error) {
	rows, err := pool.ReadPage[memberRow](ctx, s.pool, tenant, memberList, after, limit)
	if err != nil {
		return nil, err
	}
	return pool.MapRows(rows, memberRow.membership), nil
}

// Put locks the user with a function of the database, because the application's role has no
// right to read users. The lock prevents the user's removal until the transaction ends.
func (s *members) Put(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, created bool, err error) {
	if ctx, err = pool.BindTenant(ctx, tenant); err != nil {
		return m, false, err
	}
	if err := tenancy.CheckMemberRole(role); err != nil {
		return m, false, err
	}
	if user, err = userID(user); err != nil {
		return m, false, err
	}
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var exists bool
		if err := tx.NewRaw("SELECT bailiwick.lock_user(?)", user).Scan(ctx, &exists); err != nil {
			return err
		}
		if !exists {
			return errNoUser
		}
		m, created, err = putMember(ctx, tx,
			tenancy.Membership{Tenant: tenant, User: user, Role: role}, nil)
		return err
	})
	return m, created, err
}

// Change doesn't lock the user: a removal of the user waits for the row of the membership.
func (s *members) Change(
	ctx context.Context, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, err error) {
	if ctx, err = pool.BindTenant(ctx, tenant); err != nil {
		return m, err
	}
	if err := tenancy.CheckMemberRole(role); err != nil {
		return m, err
	}
	if user, err = parseID(user, errNoMember); err != nil {
		return m, err
	}
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		m, _, err = putMember(ctx, tx, tenancy.Membership{Tenant: tenant, User: user, Role: role},
			errNoMember)
		return err
	})
	return m, err
}

// putMember gives a user a role in the transaction's tenant, and records that in the tenant's
// audit log. A user who isn't a member becomes one, unless absent is the error for that; the
// caller has then locked the user. It must be the last step of the transaction.
func putMember(
	ctx context.Context, tx bun.IDB, wanted tenancy.Membership, absent error,
) (m tenancy.Membership, created bool, err error) {
	// only a role below admin can take the tenant's last admin away
	if wanted.Role != tenancy.Admin {
		if err := requireAnotherAdmin(ctx, tx, wanted.Tenant, wanted.User); err != nil {
			return m, false, err
		}
	}
	before, err := readMember(ctx, tx, wanted.Tenant, wanted.User, " FOR UPDATE")
	if err != nil {
		return m, false, err
	}
	if before == nil && absent != nil {
		return m, false, absent
	}
	if err := pool.CheckRightOf(ctx, tx, wanted.User); err != nil {
		return m, false, err
	}
	// the same role again is not a change, and leaves no audit entry
	if before != nil && before.Role == string(wanted.Role) {
		return before.membership(), false, nil
	}
	m, event, err := writeMember(ctx, tx, before, wanted)
	if err != nil {
		return m, false, err
	}
	return m, before == nil, audit.Record(ctx, tx, event)
}

// writeMember inserts m, or updates before to m unless before is nil. It returns the event to
// record.
func writeMember(
	ctx context.Context, tx bun.IDB, before *memberRow, m tenancy.Membership,
) (tenancy.Membership, tenancy.Event, error) {
	statement := "INSERT INTO bailiwick.members (role, tenant_id, user_id) VALUES (?, ?, ?)" +
		" RETURNING " + memberColumns
	event := tenancy.MemberAdded(m)
	if before != nil {
		statement = "UPDATE bailiwick.members SET role = ? WHERE tenant_id = ? AND user_id = ?" +
			" RETURNING " + memberColumns
		event = tenancy.MemberUpdated(before.membership(), m)
	}
	var row memberRow
	err := tx.NewRaw(statement, string(m.Role), m.Tenant, m.User).Scan(ctx, &row)
	return row.membership(), event, err
}

// requireAnotherAdmin locks the tenant's admins until the transaction ends. It returns
// [tenancy.ErrLastAdmin] if the user is the only one.
func requireAnotherAdmin(ctx context.Context, tx bun.IDB, tenant tenancy.ID, user string) error {
	var admins []string
	err := tx.NewRaw("SELECT user_id::text FROM bailiwick.members WHERE tenant_id = ?"+
		" AND role = 'admin' ORDER BY user_id FOR UPDATE", tenant).Scan(ctx, &admins)
	if err != nil {
		return err
	}
	return tenancy.CheckLastAdmin(admins, user)
}

// Remove deletes the membership, not the user, who may be a member of other tenants.
func (s *members) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if user, err = parseID(user, errNoMember); err != nil {
		return err
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := requireAnotherAdmin(ctx, tx, tenant, user); err != nil {
			return err
		}
		if err := pool.CheckRightOf(ctx, tx, user); err != nil {
			return err
		}
		var removed []memberRow
		err := tx.NewRaw("DELETE FROM bailiwick.members WHERE tenant_id = ? AND user_id = ?"+
			" RETURNING "+memberColumns, tenant, user).Scan(ctx, &removed)
		if err != nil {
			return err
		}
		if len(removed) == 0 {
			return errNoMember
		}
		return audit.Record(ctx, tx, tenancy.MemberRemoved(removed[0].membership()))
	})
}
