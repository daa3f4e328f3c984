package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Tenants stores the tenants of an installation. It crosses tenants by nature;
// only administration and resolution use it. The tenant [tenancy.DefaultID]
// with slug "default" is there from the start.
type Tenants interface {
	// Create stores t as it is given, but for Version, CreatedAt and UpdatedAt,
	// which it sets, and answers what it stored. In the same transaction it
	// makes the one item of each singleton kind. A slug that any tenant has or
	// had is [tenancy.CodeSlugTaken]; an id that any tenant has or had is
	// [tenancy.CodeAlreadyExists]. Nothing is stored on an error.
	Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error)

	// Get answers a tenant in any state; [tenancy.CodeTenantNotFound] if there
	// is none.
	Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error)

	// BySlug answers a tenant in any state; [tenancy.CodeTenantNotFound] if
	// there is none.
	BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error)

	// List answers at most q.Limit tenants in the order of their slugs, byte by
	// byte, of those that q admits.
	List(ctx context.Context, q TenantQuery) ([]tenancy.Tenant, error)

	// Update stores t's Name, State, Settings, Quotas and DeletedAt over the tenant
	// with t's ID, adds one to its version, sets UpdatedAt, and answers what it
	// stored. ID, Slug and CreatedAt never change. If the stored version is not
	// t.Version it is [tenancy.CodeVersionMismatch] and nothing changes; if
	// there is no such tenant, [tenancy.CodeTenantNotFound].
	Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error)
	// Purge removes everything that the tenant with this id has: its rows in
	// every table, its keys, its secrets, its audit log, and the tenant itself.
	// What others have stays as it is. Its id and its slug stay taken. It
	// answers what it removed, certified ([federation.Certify]), and the
	// certificate is the details of an entry "tenant.purge" of the platform's
	// audit log. A tenant that isn't deleted, and the default one, is
	// [tenancy.CodeInvalidState], and so is one whose rows can't all be removed;
	// an id of none is [tenancy.CodeTenantNotFound]. A purge happens wholly or
	// not at all.
	Purge(ctx context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error)
}

// TenantQuery selects tenants. Its zero value selects all; Limit must be
// positive.
type TenantQuery struct {
	State tenancy.State // only this state
	IDs   []tenancy.ID  // only these, unless nil; empty and not nil selects none
	After tenancy.Slug  // only slugs behind this one
	Limit int
}
