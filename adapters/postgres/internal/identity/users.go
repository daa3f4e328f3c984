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
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// users is [ports.Users], upon the system role's pool: people belong to no
// tenant.
type users struct{ pool *pool.Pool }

var _ ports.Users = (*users)(nil)

const userColumns = "id, email, name, super_admin, created_at, updated_at"

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

func (s *users) Create(ctx context.Context, u identity.User) (identity.User, error) {
	var row userRow
	err := s.pool.System.RunInTx(pool.CrossTenant(ctx, "create a user"), nil,
		func(ctx context.Context, tx bun.Tx) (err error) {
			if row, err = insertUser(ctx, tx, u); err != nil {
				return err
			}
			return audit.RecordPlatform(ctx, tx, identity.UserCreated(row.user()))
		})
	if err != nil {
		return identity.User{}, userError(err)
	}
	return row.user(), nil
}

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
	return s.one(pool.CrossTenant(ctx, "get a user"), s.pool.System, "id = ?", key)
}

func (s *users) ByEmail(ctx context.Context, email string) (identity.User, error) {
	normal, err := identity.ParseEmail(email)
	if err != nil {
		return identity.User{}, errNoUser
	}
	return s.one(pool.CrossTenant(ctx, "find the user of an address"), s.pool.System,
		"email_key = ?",
		normal)
}

func (s *users) one(
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

// userID reads a user's id: what is none is nobody's.
func userID(id string) (string, error) {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return "", errNoUser
	}
	return parsed.String(), nil
}

func (s *users) List(ctx context.Context, q ports.UserQuery) ([]identity.User, error) {
	if err := pool.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	query := s.pool.System.NewSelect().TableExpr("bailiwick.users").ColumnExpr(userColumns).
		Where(`email COLLATE "C" > ?`, q.After).OrderExpr(`email COLLATE "C"`).Limit(int64(q.Limit))
	if q.IDs != nil {
		ids := userIDs(q.IDs)
		if len(ids) == 0 {
			return nil, nil
		}
		query = query.Where("id IN (?)", bun.List(ids))
	}
	var rows []userRow
	if err := query.Scan(pool.CrossTenant(ctx, "list users"), &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, userRow.user), nil
}

func userIDs(given []string) (ids []string) {
	for _, id := range given {
		if parsed, err := userID(id); err == nil {
			ids = append(ids, parsed)
		}
	}
	return ids
}

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
	err = s.pool.System.RunInTx(pool.CrossTenant(ctx, "change a user"), nil,
		func(ctx context.Context, tx bun.Tx) error {
			before, err := s.one(ctx, tx, "id = ? FOR UPDATE", id)
			if err != nil {
				return err
			}
			stored, err = s.change(ctx, tx, before, c)
			return err
		})
	if err != nil {
		return identity.User{}, userError(err)
	}
	return stored, nil
}

func (s *users) change(
	ctx context.Context, tx bun.IDB, before identity.User, c ports.UserChange,
) (identity.User, error) {
	var row userRow
	err := tx.NewRaw("UPDATE bailiwick.users SET email = coalesce(?0::text, email), email_key ="+
		" coalesce(?0::text, email_key), name = coalesce(?1::text, name),"+
		" super_admin = coalesce(?2::boolean, super_admin), updated_at = clock_timestamp()"+
		" WHERE id = ?3 RETURNING "+userColumns,
		c.Email, c.Name, c.SuperAdmin, before.ID).Scan(ctx, &row)
	if err != nil {
		return identity.User{}, err
	}
	return row.user(), audit.RecordPlatform(ctx, tx, identity.UserUpdated(before, row.user()))
}

// Remove holds the user, so that nobody gives them a place meanwhile, then the
// admins of every tenant they administer, in one order everywhere.
func (s *users) Remove(ctx context.Context, id string) error {
	id, err := userID(id)
	if err != nil {
		return err
	}
	return pool.RetryTx(pool.CrossTenant(ctx, "remove a user"), s.pool.System,
		func(ctx context.Context, tx bun.Tx) error {
			user, err := s.one(ctx, tx, "id = ? FOR UPDATE", id)
			if err != nil {
				return err
			}
			if err := requireOtherAdmins(ctx, tx, id); err != nil {
				return err
			}
			var left []memberRow
			err = tx.NewRaw("WITH gone AS (DELETE FROM bailiwick.members WHERE user_id = ?"+
				" RETURNING *) SELECT "+memberColumns+" FROM gone ORDER BY tenant_id", id).
				Scan(ctx, &left)
			if err != nil {
				return err
			}
			if _, err := tx.NewRaw("DELETE FROM bailiwick.users WHERE id = ?", id).
				Exec(ctx); err != nil {
				return err
			}
			for _, m := range left {
				if err := audit.RecordForTenant(ctx, tx, m.TenantID,
					tenancy.MemberRemoved(m.membership())); err != nil {
					return err
				}
			}
			return audit.RecordPlatform(ctx, tx, identity.UserRemoved(user))
		})
}

// requireOtherAdmins holds the admins of the tenants that the user is an admin of, and
// wants another one in each.
func requireOtherAdmins(ctx context.Context, tx bun.IDB, user string) error {
	var admins []memberRow
	err := tx.NewRaw("SELECT "+memberColumns+" FROM bailiwick.members WHERE role = 'admin'"+
		" AND tenant_id IN (SELECT tenant_id FROM bailiwick.members WHERE user_id = ?"+
		" AND role = 'admin')"+
		" ORDER BY tenant_id, user_id FOR UPDATE", user).Scan(ctx, &admins)
	if err != nil {
		return err
	}
	others := map[tenancy.ID]int{}
	for _, a := range admins {
		others[a.TenantID] += 0
		if a.UserID != user {
			others[a.TenantID]++
		}
	}
	return tenancy.LastAdminOf(others)
}
