package pool

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// Roles are the names of the roles that the library creates. None is a superuser or exempt from
// row security, and none is a member of another role. App and System own nothing, and each logs
// in as itself: if a pool connected as the owner and did SET ROLE, a RESET ROLE would undo it.
type Roles struct {
	Owner  string // owns tables and functions; it can't log in
	App    string // the user of AppURL
	System string // the user of SystemURL; empty with tenancy off

	// Search owns the schema itemsql.SearchSchema and the functions in it, and nothing else. It
	// can't log in.
	//
	// It exists because of an optimization that row security prevents: PostgreSQL doesn't use an
	// index for an operator that isn't leakproof, such as LIKE and @>, since the operator could
	// reveal rows that the policy hides. So a search runs in a function of this role, to which
	// the tenants' policies don't apply. The function contains the tenant's condition, with the
	// tenant that the database has verified. It takes only values, never SQL, and it returns
	// only ids, never rows. The caller reads the rows, with filter and policies.
	Search string
}

// RolesWithPrefix returns the roles whose names begin with a prefix.
func RolesWithPrefix(prefix string) Roles {
	return Roles{
		Owner: prefix + "_owner", App: prefix + "_app", System: prefix + "_system",
		Search: prefix + "_search",
	}
}

// DefaultRoles returns the names of the roles of the database that a URL leads to. They contain
// the database's oid: roles belong to the whole cluster, and two databases that shared a role
// could read each other. The oid stays when the database is renamed, and a copy has another one.
func DefaultRoles(ctx context.Context, rawURL string) (Roles, error) {
	connector, err := NewConnector(rawURL, DefaultTimeout)
	if err != nil {
		return Roles{}, err
	}
	db := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	defer db.Close()
	var oid uint32
	err = db.NewRaw("SELECT oid FROM pg_database WHERE datname = current_database()").
		Scan(ctx, &oid)
	if err != nil {
		return Roles{}, fmt.Errorf("postgres: reading the database's oid: %w", err)
	}
	return RolesWithPrefix(fmt.Sprintf("%s%d", DefaultPrefix, oid)), nil
}

// DefaultPrefix begins the names of [DefaultRoles]. The database's oid follows.
const DefaultPrefix = "bailiwick_"
