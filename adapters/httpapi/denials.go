package httpapi

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditedDenials are the codes of the refusals that the audit log records.
var auditedDenials = []tenancy.Code{
	tenancy.CodeUnauthenticated, tenancy.CodeForbidden, tenancy.CodeTenantMismatch,
	tenancy.CodeTenantNotFound, tenancy.CodeTenantSuspended, tenancy.CodeReasonRequired,
}

const (
	denialTimeout  = 2 * time.Second // limits how long an entry's write takes
	maxAuditedPath = 256             // bytes
)

// auditDenial records a refused request: in the log of the tenant that the caller
// belongs to, otherwise in the platform's log, where the names of foreign and of
// unknown tenants look the same. The request is refused even if the entry can't be
// written.
func (a *api) auditDenial(c *call, op operation, err error) {
	code := tenancy.CodeOf(err)
	if !slices.Contains(auditedDenials, code) {
		return
	}
	actor := tenancy.ActorFrom(c.Context())
	if c.principal.Anonymous() {
		actor = tenancy.Actor{Kind: tenancy.AnonymousActor}
	}
	caller := string(actor.Kind) + actor.ID + tenancy.RequestFrom(c.Context()).Address
	skipped, ok := a.denialLimit.Allow(caller)
	if !ok {
		return
	}
	e := tenancy.Event{
		Action:  deniedAction(op),
		Target:  tenancy.AuditTarget{Kind: "route", Name: op.method + " " + op.path},
		Actor:   actor,
		Details: map[string]any{"code": code, "path": auditedPath(c.Request)},
	}.Denied()
	if skipped > 0 {
		e.Details["untold"] = skipped
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(c.Context()), denialTimeout)
	defer done()
	if err := a.appendDenial(ctx, c, e); err != nil {
		a.log.ErrorContext(ctx, "can't write a denial to the audit log",
			"request_id", RequestID(ctx), "error", err)
	}
}

// appendDenial chooses the audit log: the resolved tenant's for its members and for
// super-admins, otherwise the log of the API key's tenant, otherwise the platform's. So
// a caller never writes into the log of a tenant to which they don't belong.
func (a *api) appendDenial(ctx context.Context, c *call, e tenancy.Event) error {
	_, member := c.principal.Roles[c.tenant.ID]
	switch {
	case member || c.principal.SuperAdmin && !c.tenant.ID.IsZero():
		return a.services.Audit.Append(ctx, c.tenant.ID, e)
	case !c.principal.KeyTenant.IsZero():
		return a.services.Audit.Append(tenancy.NewContext(ctx, c.principal.KeyTenant),
			c.principal.KeyTenant, e)
	}
	return a.services.PlatformAudit.Append(ctx, e)
}

// deniedAction is the permission that the operation needs, or "request".
func deniedAction(op operation) string {
	if op.needs == "" {
		return "request"
	}
	return string(op.needs)
}

// auditedPath returns the request's path without its query, cut to maxAuditedPath.
func auditedPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	return path[:min(len(path), maxAuditedPath)]
}
