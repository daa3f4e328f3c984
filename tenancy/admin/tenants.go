package admin

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// NewTenant has the fields of a tenant to create. The details of an error name the
// fields as /slug, /name, /settings and /quotas.
type NewTenant struct {
	Slug     string
	Name     string          // valid according to [tenancy.CheckName]
	Settings json.RawMessage // a JSON object; empty: {}
	Quotas   tenancy.Quotas
}

// CreateTenant creates an active tenant. Super-admins only. An invalid slug is
// [tenancy.CodeInvalidSlug], a reserved one [tenancy.CodeSlugReserved], and one
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
	slug, err := parseNewSlug(in.Slug)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if err := checkName(&in.Name); err != nil {
		return tenancy.Tenant{}, err
	}
	settings, err := canonicalSettings(in.Settings)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	if err := s.checkQuotas(in.Quotas); err != nil {
		return tenancy.Tenant{}, err
	}
	t := tenancy.NewTenant(s.newID(), slug, in.Name)
	t.Settings, t.Quotas = settings, in.Quotas.Clone()
	return s.tenants.Create(ctx, t)
}

// parseNewSlug parses the slug of a new tenant. A reserved slug is an error; the
// store detects a slug that is taken.
func parseNewSlug(s string) (tenancy.Slug, error) {
	slug, err := tenancy.ParseSlug(s)
	if err != nil {
		return "", tenancy.AtPath("/slug", err)
	}
	if slug.Reserved() {
		return "", tenancy.AtPath("/slug", tenancy.Errorf(tenancy.CodeSlugReserved,
			"the slug %q is reserved: choose another", slug))
	}
	return slug, nil
}

// GetTenant returns a tenant to callers who may read it, and to super-admins in any
// state.
func (s *Service) GetTenant(
	ctx context.Context, by tenancy.Principal, ref string,
) (tenancy.Tenant, error) {
	return s.authorize(ctx, by, ref, tenancy.TenantRead)
}

// TenantList selects a page of tenants.
type TenantList struct {
	State  tenancy.State // only this state; empty: every state that the caller may see
	Search string        // only tenants with this in the slug or the name, in any case
	After  tenancy.Slug  // only slugs after this one
	Limit  int           // at least 1
}

// ListTenants returns tenants in the order of their slugs. A super-admin gets all
// tenants. Other callers get those that they are members of, except deleted ones.
// A page with fewer than Limit tenants is the last one.
func (s *Service) ListTenants(
	ctx context.Context, by tenancy.Principal, l TenantList,
) ([]tenancy.Tenant, error) {
	if by.Anonymous() {
		return nil, errUnauthenticated
	}
	if err := tenancy.CheckLimit(l.Limit); err != nil {
		return nil, err
	}
	if l.State != "" && !l.State.Valid() {
		return nil, tenancy.Errorf(tenancy.CodeInvalid,
			"unknown state: use %s", tenancy.Alternatives(tenancy.States()))
	}
	q := ports.TenantQuery{State: l.State, Search: l.Search, After: l.After, Limit: l.Limit}
	if by.SuperAdmin {
		return s.tenants.List(ctx, q)
	}
	// never nil, because nil selects every tenant
	q.IDs = slices.AppendSeq(make([]tenancy.ID, 0, len(by.Roles)), maps.Keys(by.Roles))
	return s.listOwn(ctx, q)
}

// listOwn skips deleted tenants and reads on until the page is full, so that only
// the last page is short.
func (s *Service) listOwn(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	var own []tenancy.Tenant
	for {
		page, err := s.tenants.List(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			if !t.IsDeleted() && len(own) < q.Limit {
				own = append(own, t)
			}
		}
		if len(own) == q.Limit || len(page) < q.Limit {
			return own, nil
		}
		q.After = page[len(page)-1].Slug
	}
}
