package identity

import (
	"context"
	"strings"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// memberships is [ports.Memberships] on the system role's pool.
type memberships struct{ pool *pool.Pool }

var _ ports.Memberships = (*memberships)(nil)

// ForUser returns nothing for an id that isn't a UUID: no user has such an id.
func (s *memberships) ForUser(ctx context.Context, user string) ([]tenancy.Membership, error) {
	id, err := uuid.Parse(user)
	if err != nil {
		return nil, nil
	}
	var rows []memberRow
	err = s.pool.System.NewRaw(
		"SELECT m.tenant_id, m.user_id, m.role, m.created_at FROM bailiwick.members AS m"+
			" JOIN bailiwick.tenants AS t ON t.id = m.tenant_id"+
			" WHERE m.user_id = ? AND t.deleted_at IS NULL ORDER BY m.tenant_id", id.String()).
		Scan(pool.CrossTenant(ctx, "find the tenants of a user"), &rows)
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, memberRow.membership), nil
}

// tenantRoleRow is a row of bailiwick.tenants with a member's role.
type tenantRoleRow struct {
	tenantRow `bun:",extend"`
	Role      string
}

func (r tenantRoleRow) tenantRole() ports.TenantRole {
	return ports.TenantRole{Tenant: r.tenant(), Role: tenancy.Role(r.Role)}
}

// Search returns nothing for an id that isn't a UUID, as ForUser.
func (s *memberships) Search(
	ctx context.Context, user string, q ports.MembershipQuery,
) ([]ports.TenantRole, error) {
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	id, err := uuid.Parse(user)
	if err != nil {
		return nil, nil
	}
	query := s.pool.System.NewSelect().TableExpr("bailiwick.members AS m").
		Join("JOIN bailiwick.tenants AS t ON t.id = m.tenant_id").
		ColumnExpr("t."+strings.ReplaceAll(tenantColumns, ", ", ", t.")+", m.role").
		Where("m.user_id = ?", id.String()).Where("t.deleted_at IS NULL").
		Where("t.slug > ?", string(q.After))
	if q.State != "" {
		query = query.Where("t.state = ?", string(q.State))
	}
	if q.Search != "" {
		query = s.searchIn(query, q.Search)
	}
	query = query.OrderExpr("slug").Limit(int64(q.Limit))
	var rows []tenantRoleRow
	if err := query.Scan(pool.CrossTenant(ctx, "find the tenants of a user"), &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, tenantRoleRow.tenantRole), nil
}

// searchIn searches the rows of query, which OFFSET 0 makes the planner join first. It takes a
// search for one that finds next to nothing, and would look for a membership in each tenant
// that has the text: thousands of look-ups if all have it.
func (s *memberships) searchIn(query *bun.SelectQuery, search string) *bun.SelectQuery {
	outer := s.pool.System.NewSelect().TableExpr("(? OFFSET 0) AS own", query).
		ColumnExpr("*")
	return s.pool.ServerInfo.WhereContains(outer, search, "own.slug", "own.name")
}
