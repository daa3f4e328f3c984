package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantsPage is how many tenants [DB.EachTenant] reads at once.
const tenantsPage = 100

// TenantError is the error that the function of [DB.EachTenant] returned for a tenant.
type TenantError struct {
	Tenant tenancy.Tenant
	Err    error
}

// TenantErrors is the error of [DB.EachTenant], in the order of the tenants' slugs.
type TenantErrors []TenantError

// Error names the tenants and their errors.
func (e TenantErrors) Error() string {
	texts := make([]string, len(e))
	for i, failed := range e {
		texts[i] = fmt.Sprintf("tenant %s: %v", failed.Tenant.Slug, failed.Err)
	}
	return strings.Join(texts, "\n")
}

// Unwrap returns the errors, for [errors.Is] and [errors.As].
func (e TenantErrors) Unwrap() []error {
	all := make([]error, len(e))
	for i, failed := range e {
		all[i] = failed.Err
	}
	return all
}

// EachTenant calls fn for each active tenant in the order of the slugs, with a context of that
// tenant ([tenancy.WithTenant]), in which [DB.Scoped], [DB.IDB] and [DB.SQL] work. It is for a
// host's own jobs: the right of a call in ctx holds in its own tenant only. fn's transactions
// are one per tenant at least: EachTenant as a whole isn't one.
//
// If fn returns an error, EachTenant goes on with the next tenant. It returns all errors as
// [TenantErrors]. When ctx ends, EachTenant stops and returns ctx's error joined with those. A
// tenant that is created meanwhile may be left out.
func (db *DB) EachTenant(
	ctx context.Context, fn func(ctx context.Context, t tenancy.Tenant) error,
) error {
	var failed TenantErrors
	err := db.eachActive(ctx, func(t tenancy.Tenant) {
		if err := fn(tenancy.WithTenant(ctx, t), t); err != nil {
			failed = append(failed, TenantError{t, err})
		}
	})
	switch {
	case err == nil && failed == nil:
		return nil
	case err == nil:
		return failed
	case failed == nil:
		return err
	}
	return errors.Join(err, failed)
}

// eachActive pages through the active tenants, until ctx ends.
func (db *DB) eachActive(ctx context.Context, visit func(tenancy.Tenant)) error {
	q := ports.TenantQuery{State: tenancy.Active, Limit: tenantsPage}
	for {
		page, err := db.services.Tenants.List(ctx, q)
		if err != nil {
			return errors.Join(ctx.Err(), err)
		}
		for _, t := range page {
			if err := ctx.Err(); err != nil {
				return err
			}
			visit(t)
			q.After = t.Slug
		}
		if len(page) < q.Limit {
			return nil
		}
	}
}
