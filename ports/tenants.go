package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Tenants stores the tenants of an installation. It crosses tenants by design;
// only administration and resolution use it. The tenant [tenancy.DefaultID] with
// slug "default" exists from the start.
type Tenants interface {
	// Create stores t, except for Version, CreatedAt and UpdatedAt, which it sets,
	// and returns the stored tenant. In the same transaction it creates the one item
	// of each singleton kind. A slug that any tenant has or had is
	// [tenancy.CodeSlugTaken]; an id that any tenant has or had is
	// [tenancy.CodeAlreadyExists]. On an error nothing is stored.
	Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error)

	// Get returns a tenant in any state; [tenancy.CodeTenantNotFound] if there is
	// none.
	Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error)

	// BySlug returns a tenant in any state; [tenancy.CodeTenantNotFound] if there is
	// none.
	BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error)

	// List returns at most q.Limit tenants that match q in the order of their slugs,
	// byte by byte.
	List(ctx context.Context, q TenantQuery) ([]tenancy.Tenant, error)

	// Update stores t's Name, State, Settings, Quotas and DeletedAt in the tenant
	// with t's ID, adds one to its version, sets UpdatedAt, and returns the stored
	// tenant. ID, Slug and CreatedAt never change. [tenancy.CodeVersionMismatch] if
	// the stored version isn't t.Version, and nothing changes;
	// [tenancy.CodeTenantNotFound] if there is no such tenant.
	Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error)

	// Purge removes everything that the tenant with this id has: its rows in every
	// table, its keys, its secrets, its audit log, and the tenant itself. It changes
	// nothing of other tenants. The id and the slug stay taken. It returns what it
	// removed, certified (package federation/certificate), and the certificate is the details
	// of an entry "tenant.purge" in the platform's audit log. [tenancy.CodeInvalidState]
	// if the tenant isn't deleted, is the default one, or has rows that can't be
	// removed; [tenancy.CodeTenantNotFound] if the id is unknown. A purge removes
	// everything or nothing.
	Purge(ctx context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error)
}

// TenantQuery selects tenants. Its zero value selects all; Limit must be
// positive.
type TenantQuery struct {
	State  tenancy.State // only tenants in this state
	IDs    []tenancy.ID  // only these ids, unless nil; an empty slice selects none
	Search string        // a case-insensitive substring of the slug or the name
	After  tenancy.Slug  // only slugs after this one
	Limit  int
}
