package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// members is [ports.Members], upon the scoped pool.
type members struct{ pool *pool.Pool }

// memberships is [ports.Memberships], upon the system role's.
type memberships struct{ pool *pool.Pool }

var (
	_ ports.Members     = (*members)(nil)
	_ ports.Memberships = (*memberships)(nil)
)

const memberColumns = "tenant_id, user_id, role, created_at"

var memberList = pool.Listing{
	Table: "bailiwick.members", Columns: memberColumns, ID: "user_id",
	InvalidCursor: "a page of members begins after a user's id",
}

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
	parsed, err := uuid.Parse(user)
	if err != nil {
		return tenancy.Membership{}, errNoMember
	}
	found, err := oneMember(ctx, s.pool.App, tenant, parsed.String(), "")
	if err != nil {
		return tenancy.Membership{}, pgerr.Translate(err)
	}
	if found == nil {
		return tenancy.Membership{}, errNoMember
	}
	return found.membership(), nil
}

// oneMember answers nil where the user is none.
func oneMember(
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
	rows, err := pool.ReadPage[memberRow](ctx, s.pool, tenant,
		memberList, after, limit)
	if err != nil {
		return nil, err
	}
	return pool.MapRows(rows, memberRow.membership), nil
}

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
		var there bool
		if err := tx.NewRaw("SELECT bailiwick.lock_user(?)", user).Scan(ctx, &there); err != nil {
			return err
		}
		if !there {
			return errNoUser
		}
		m, created, err = putMember(ctx, tx, tenant, user, role)
		return err
	})
	return m, created, err
}

// putMember gives a user who is held a role in the tenant of the transaction,
// and ends it with the entry in the tenant's log.
func putMember(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, user string, role tenancy.Role,
) (m tenancy.Membership, created bool, err error) {
	if role != tenancy.Admin {
		if err := requireAnotherAdmin(ctx, tx, tenant, user); err != nil {
			return m, false, err
		}
	}
	before, err := oneMember(ctx, tx, tenant, user, " FOR UPDATE")
	if err != nil {
		return m, false, err
	}
	if before != nil && before.Role == string(role) {
		return before.membership(), false, nil
	}
	m, event, err := writeMember(ctx, tx, before,
		tenancy.Membership{Tenant: tenant, User: user, Role: role})
	if err != nil {
		return m, false, err
	}
	return m, before == nil, audit.Record(ctx, tx, event)
}

// writeMember stores m in the place of before, nil for none, and answers what is
// to be noted of it.
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

// requireAnotherAdmin holds the tenant's admins until the transaction ends, and wants one
// besides the user, if the user is one.
func requireAnotherAdmin(ctx context.Context, tx bun.IDB, tenant tenancy.ID, user string) error {
	var admins []string
	err := tx.NewRaw("SELECT user_id::text FROM bailiwick.members WHERE tenant_id = ?"+
		" AND role = 'admin' ORDER BY user_id FOR UPDATE", tenant).Scan(ctx, &admins)
	if err != nil {
		return err
	}
	if len(admins) == 1 && admins[0] == user {
		return tenancy.ErrLastAdmin
	}
	return nil
}

func (s *members) Remove(ctx context.Context, tenant tenancy.ID, user string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	parsed, err := uuid.Parse(user)
	if err != nil {
		return errNoMember
	}
	user = parsed.String()
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := requireAnotherAdmin(ctx, tx, tenant, user); err != nil {
			return err
		}
		var gone []memberRow
		err := tx.NewRaw("DELETE FROM bailiwick.members WHERE tenant_id = ? AND user_id = ?"+
			" RETURNING "+memberColumns, tenant, user).Scan(ctx, &gone)
		if err != nil {
			return err
		}
		if len(gone) == 0 {
			return errNoMember
		}
		return audit.Record(ctx, tx, tenancy.MemberRemoved(gone[0].membership()))
	})
}

func (s *memberships) ForUser(ctx context.Context, user string) ([]tenancy.Membership, error) {
	id, err := uuid.Parse(user)
	if err != nil {
		return nil, nil
	}
	var rows []memberRow
	err = s.pool.System.NewRaw(
		"SELECT m.tenant_id, m.user_id, m.role, m.created_at FROM bailiwick.members AS m"+
			" JOIN bailiwick.tenants AS t ON t.id = m.tenant_id"+
			" WHERE m.user_id = ? AND t.state <> 'deleted' ORDER BY m.tenant_id", id.String()).
		Scan(pool.CrossTenant(ctx, "find the tenants of a user"), &rows)
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, memberRow.membership), nil
}
