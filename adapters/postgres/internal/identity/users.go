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
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// users is [ports.Users] on the system role's pool: a user belongs to no tenant.
type users struct{ pool *pool.Pool }

var _ ports.Users = (*users)(nil)

// userColumns are the columns of an [identity.User]. The table also has email_key, the unique
// normal form of the address, and password_hash, which only sign-in reads.
const userColumns = "id, email, name, super_admin, created_at, updated_at"

// userRow is a row of bailiwick.users.
type userRow struct {
	ID         string
	Email      string
	Name       string
	SuperAdmin bool
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

func (r userRow) user() identity.User {
	return identity.User{
		ID: r.ID, Email: r.Email, Name: r.Name, SuperAdmin: r.SuperAdmin,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
}

func (s *users) Create(
	ctx context.Context, u identity.User, passwordHash string,
) (identity.User, error) {
	var row userRow
	err := s.pool.SystemTx(ctx, "create a user",
		func(ctx context.Context, tx bun.Tx) (err error) {
			if row, err = insertUser(ctx, tx, u); err != nil {
				return err
			}
			events := []tenancy.Event{identity.UserCreated(row.user())}
			if passwordHash != "" {
				set, err := setPassword(ctx, tx, row.ID, passwordHash, "")
				if err != nil {
					return err
				}
				events = append(events, set)
			}
			return recordPlatform(ctx, tx, events)
		})
	if err != nil {
		return identity.User{}, userError(err)
	}
	return row.user(), nil
}

func recordPlatform(ctx context.Context, tx bun.IDB, events []tenancy.Event) error {
	for _, e := range events {
		if err := audit.RecordPlatform(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// insertUser stores the normal form as the address and as its unique key. Users that were
// adopted from a host's table keep the address as they wrote it.
func insertUser(ctx context.Context, tx bun.IDB, u identity.User) (row userRow, err error) {
	email, err := identity.ParseEmail(u.Email)
	if err != nil {
		return row, err
	}
	err = tx.NewRaw("INSERT INTO bailiwick.users (id, email, email_key, name, super_admin)"+
		" VALUES (?, ?, ?, ?, ?) RETURNING "+userColumns,
		u.ID, email, email, u.Name, u.SuperAdmin).Scan(ctx, &row)
	return row, err
}

// userError translates the error of a transaction that writes a user.
func userError(err error) error {
	switch {
	case pgerr.State(err) != pgerr.StateUnique:
		return pgerr.Translate(err)
	case pgerr.Constraint(err) == "users_pkey":
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "a user with this id exists already").
			Because(err)
	}
	return tenancy.Errorf(tenancy.CodeAlreadyExists, "another user has this e-mail address").
		Because(err)
}

func (s *users) Get(ctx context.Context, id string) (identity.User, error) {
	key, err := userID(id)
	if err != nil {
		return identity.User{}, err
	}
	return readUser(pool.CrossTenant(ctx, "get a user"), s.pool.System, "id = ?", key)
}

// ByEmail compares normal forms. Text that isn't an address has none, and finds no user.
func (s *users) ByEmail(ctx context.Context, email string) (identity.User, error) {
	normal, err := identity.ParseEmail(email)
	if err != nil {
		return identity.User{}, errNoUser
	}
	ctx = pool.CrossTenant(ctx, "find the user of an address")
	return readUser(ctx, s.pool.System, "email_key = ?", normal)
}

// readUser returns the one user for which the condition holds.
func readUser(
	ctx context.Context, db bun.IDB, condition string, arg any,
) (identity.User, error) {
	var rows []userRow
	if err := db.NewRaw("SELECT "+userColumns+" FROM bailiwick.users WHERE "+condition, arg).
		Scan(ctx, &rows); err != nil {
		return identity.User{}, pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return identity.User{}, errNoUser
	}
	return rows[0].user(), nil
}

var errNoUser = tenancy.Errorf(tenancy.CodeNotFound, "no such user")

// userID returns the canonical form of a user's id.
func userID(id string) (string, error) { return parseID(id, errNoUser) }

// List orders by the address byte by byte, whatever collation the database has.
func (s *users) List(ctx context.Context, q ports.UserQuery) ([]identity.User, error) {
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	// the index users_email_order serves this order
	query := s.pool.System.NewSelect().TableExpr("bailiwick.users").ColumnExpr(userColumns).
		Where(`email COLLATE "C" > ?`, q.After).OrderExpr(`email COLLATE "C"`).Limit(int64(q.Limit))
	if q.IDs != nil {
		ids := validUserIDs(q.IDs)
		if len(ids) == 0 {
			return nil, nil
		}
		query = query.Where("id IN (?)", bun.List(ids))
	}
	query = s.pool.ServerInfo.WhereContains(query, q.Search, "email", "name")
	var rows []userRow
	if err := query.Scan(pool.CrossTenant(ctx, "list users"), &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, userRow.user), nil
}

// validUserIDs returns the ids that are UUIDs: only those can be users' ids.
func validUserIDs(ids []string) (valid []string) {
	for _, id := range ids {
		if parsed, err := userID(id); err == nil {
			valid = append(valid, parsed)
		}
	}
	return valid
}

// Update locks the user, so that the audit entry has the values before and after this change
// and no other.
func (s *users) Update(
	ctx context.Context, id string, c ports.UserChange,
) (stored identity.User, err error) {
	if id, err = userID(id); err != nil {
		return identity.User{}, err
	}
	if c.Email != nil {
		normal, err := identity.ParseEmail(*c.Email)
		if err != nil {
			return identity.User{}, err
		}
		c.Email = &normal
	}
	err = s.pool.SystemTx(ctx, "change a user",
		func(ctx context.Context, tx bun.Tx) error {
			before, err := readUser(ctx, tx, "id = ? FOR UPDATE", id)
			if err != nil {
				return err
			}
			if err := pool.CheckRightOf(ctx, tx, id); err != nil {
				return err
			}
			stored, err = updateUser(ctx, tx, before, c)
			return err
		})
	if err != nil {
		return identity.User{}, userError(err)
	}
	return stored, nil
}

// updateUser applies c, in which a nil field keeps the column, and records that in the platform's
// audit log.
func updateUser(
	ctx context.Context, tx bun.IDB, before identity.User, c ports.UserChange,
) (identity.User, error) {
	var set []tenancy.Event
	if c.PasswordHash != nil {
		event, err := setPassword(ctx, tx, before.ID, *c.PasswordHash, "")
		if err != nil {
			return identity.User{}, err
		}
		set = append(set, event)
	}
	var row userRow
	err := tx.NewRaw("UPDATE bailiwick.users SET email = coalesce(?0::text, email),"+
		" email_key = coalesce(?0::text, email_key), name = coalesce(?1::text, name),"+
		" super_admin = coalesce(?2::boolean, super_admin), updated_at = clock_timestamp()"+
		" WHERE id = ?3 RETURNING "+userColumns,
		c.Email, c.Name, c.SuperAdmin, before.ID).Scan(ctx, &row)
	if err != nil {
		return identity.User{}, err
	}
	return row.user(), recordPlatform(ctx, tx,
		append([]tenancy.Event{identity.UserUpdated(before, row.user())}, set...))
}

// Remove locks the user first, so that no transaction makes them a member meanwhile, and then the
// admins of every tenant in which the user is an admin. It locks and records in the order of the
// tenants' ids, so that transactions don't deadlock.
func (s *users) Remove(ctx context.Context, id string) error {
	id, err := userID(id)
	if err != nil {
		return err
	}
	return s.pool.RetryCrossTenantTx(pool.CrossTenant(ctx, "remove a user"),
		func(ctx context.Context, tx bun.Tx) error {
			user, err := readUser(ctx, tx, "id = ? FOR UPDATE", id)
			if err != nil {
				return err
			}
			if err := pool.CheckRightOf(ctx, tx, id); err != nil {
				return err
			}
			if err := requireOtherAdmins(ctx, tx, id); err != nil {
				return err
			}
			left, err := deleteUser(ctx, tx, id)
			if err != nil {
				return err
			}
			for _, m := range left {
				err := audit.RecordForTenant(ctx, tx, m.Tenant, tenancy.MemberRemoved(m))
				if err != nil {
					return err
				}
			}
			return audit.RecordPlatform(ctx, tx, identity.UserRemoved(user))
		})
}

// deleteUser deletes a user. It returns the user's memberships, which end with that, in the order
// of the tenants' ids.
func deleteUser(ctx context.Context, tx bun.IDB, id string) ([]tenancy.Membership, error) {
	var rows []memberRow
	err := tx.NewRaw("WITH gone AS (DELETE FROM bailiwick.members WHERE user_id = ?"+
		" RETURNING *) SELECT "+memberColumns+" FROM gone ORDER BY tenant_id", id).
		Scan(ctx, &rows)
	if err != nil {
		return nil, err
	}
	_, err = tx.NewRaw("DELETE FROM bailiwick.users WHERE id = ?", id).Exec(ctx)
	return pool.MapRows(rows, memberRow.membership), err
}

// requireOtherAdmins locks all admins of the tenants in which the user is an admin. It returns the
// error of [tenancy.CheckLastAdmins] if the user is the only admin of one of them.
func requireOtherAdmins(ctx context.Context, tx bun.IDB, user string) error {
	var admins []memberRow
	err := tx.NewRaw("SELECT "+memberColumns+" FROM bailiwick.members WHERE role = 'admin'"+
		" AND tenant_id IN (SELECT tenant_id FROM bailiwick.members"+
		" WHERE user_id = ? AND role = 'admin')"+
		" ORDER BY tenant_id, user_id FOR UPDATE", user).Scan(ctx, &admins)
	if err != nil {
		return err
	}
	users := map[tenancy.ID][]string{}
	for _, a := range admins {
		users[a.TenantID] = append(users[a.TenantID], a.UserID)
	}
	return tenancy.CheckLastAdmins(users, user)
}
