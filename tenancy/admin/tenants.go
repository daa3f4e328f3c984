package admin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// NewTenant is what a tenant is created from. The details of an error name its
// fields as /slug, /name, /settings and /quotas.
type NewTenant struct {
	Slug     string
	Name     string          // what [tenancy.CheckName] admits
	Settings json.RawMessage // a JSON object; none is {}
	Quotas   tenancy.Quotas
}

// CreateTenant makes an active tenant. Super-admins only. A slug that isn't one
// is [tenancy.CodeInvalidSlug], a reserved one [tenancy.CodeSlugReserved], one
// that any tenant has or had [tenancy.CodeSlugTaken].
func (s *Service) CreateTenant(
	ctx context.Context, by tenancy.Principal, in NewTenant,
) (tenancy.Tenant, error) {
	if by.Anonymous() {
		return tenancy.Tenant{}, errUnauthenticated
	}
	if !by.SuperAdmin {
		return tenancy.Tenant{}, tenancy.ErrForbidden
	}
	slug, err := freeSlug(in.Slug)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if err := checkName(in.Name); err != nil {
		return tenancy.Tenant{}, err
	}
	settings, err := canonicalSettings(in.Settings)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if err := s.checkQuotas(in.Quotas); err != nil {
		return tenancy.Tenant{}, err
	}
	return s.tenants.Create(ctx, tenancy.Tenant{
		ID: s.newID(), Slug: slug, Name: in.Name, State: tenancy.Active, Settings: settings,
		Quotas: in.Quotas.Clone(),
	})
}

func freeSlug(s string) (tenancy.Slug, error) {
	slug, err := tenancy.ParseSlug(s)
	if err != nil {
		return "", at("/slug", err)
	}
	if slug.Reserved() {
		return "", at("/slug", tenancy.Errorf(tenancy.CodeSlugReserved,
			"the slug %q is reserved: choose another", slug))
	}
	return slug, nil
}

// GetTenant answers a tenant to its viewers, and to super-admins in any state.
func (s *Service) GetTenant(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	return s.enter(ctx, by, ref, tenancy.ReadTenant)
}

// TenantList asks for a page of tenants.
type TenantList struct {
	State tenancy.State // only this state; none is all that the caller may see
	After tenancy.Slug  // only slugs behind this one
	Limit int           // at least 1
}

// ListTenants answers tenants in the order of their slugs: to a super-admin
// all, to others those that they belong to and that aren't deleted. Fewer than
// Limit are the last ones.
func (s *Service) ListTenants(
	ctx context.Context, by tenancy.Principal, l TenantList,
) ([]tenancy.Tenant, error) {
	if by.Anonymous() {
		return nil, errUnauthenticated
	}
	if err := checkLimit(l.Limit); err != nil {
		return nil, err
	}
	if l.State != "" && !l.State.Valid() {
		return nil, tenancy.Errorf(tenancy.CodeInvalid,
			"a state is one of active, suspended, deleted")
	}
	q := ports.TenantQuery{State: l.State, After: l.After, Limit: l.Limit}
	if by.SuperAdmin {
		return s.tenants.List(ctx, q)
	}
	// never nil: that would be all
	q.IDs = slices.AppendSeq(make([]tenancy.ID, 0, len(by.Roles)), maps.Keys(by.Roles))
	return s.listOwn(ctx, q)
}

// listOwn reads on past deleted tenants, so that a page is short only at the
// end of the list.
func (s *Service) listOwn(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	var own []tenancy.Tenant
	for {
		page, err := s.tenants.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			if t.State != tenancy.Deleted && len(own) < q.Limit {
				own = append(own, t)
			}
		}
		if len(own) == q.Limit || len(page) < q.Limit {
			return own, nil
		}
		q.After = page[len(page)-1].Slug
	}
}
