package identity

import (
	"context"

	"github.com/google/uuid"

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
