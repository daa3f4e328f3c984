package httpapi

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// auditedDenials are the codes that the audit log hears of.
var auditedDenials = []tenancy.Code{
	tenancy.CodeUnauthenticated, tenancy.CodeForbidden, tenancy.CodeTenantMismatch,
	tenancy.CodeTenantNotFound,
	tenancy.CodeTenantSuspended, tenancy.CodeReasonRequired,
}

const (
	denialTimeout  = 2 * time.Second // for the entry to be written
	maxAuditedPath = 256             // bytes
)

// auditDenial writes down that a request was refused: in the log of a tenant that
// the caller belongs to, or else in the platform's, which names of foreign and of
// unknown tenants come to alike. The refusal stands, whether it could be written
// or not.
func (a *api) auditDenial(c *call, op operation, err error) {
	code := tenancy.CodeOf(err)
	if !slices.Contains(auditedDenials, code) {
		return
	}
	actor := tenancy.ActorFrom(c.Context())
	if c.principal.Anonymous() {
		actor = tenancy.Actor{Kind: tenancy.AnonymousActor}
	}
	untold, tell := a.denialLimit.allow(string(actor.Kind) + actor.ID + tenancy.RequestFrom(c.Context()).
		Address)
	if !tell {
		return
	}
	e := tenancy.Event{
		Action:  deniedAction(op),
		Target:  tenancy.AuditTarget{Kind: "route", Name: op.method + " " + op.path},
		Outcome: tenancy.Denied, Actor: actor,
		Details: map[string]any{"code": code, "path": auditedPath(c.Request)},
	}
	if untold > 0 {
		e.Details["untold"] = untold
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(c.Context()), denialTimeout)
	defer done()
	if err := a.appendDenial(ctx, c, e); err != nil {
		a.log.ErrorContext(ctx, "a denial could not be written to the audit log", "request_id",
			RequestID(ctx), "error", err)
	}
}

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

// deniedAction is what was asked for.
func deniedAction(op operation) string {
	if op.needs == "" {
		return "request"
	}
	return string(op.needs)
}

// auditedPath is the path that was asked for, without its query, and no longer
// than is of use.
func auditedPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	return path[:min(len(path), maxAuditedPath)]
}

const (
	denialWindow        = time.Minute
	maxDenialsPerCaller = 20  // denials of one caller in a window
	maxDenials          = 600 // and of all
)

// denialLimiter bounds how many denials are written down: somebody who guesses all day
// must neither fill the disk nor hold up others at the end of the platform's
// chain. What isn't written is counted, and the next one that is says how many.
type denialLimiter struct {
	now func() time.Time

	mu          sync.Mutex
	windowStart time.Time
	total       int
	perCaller   map[string]int
	skipped     int
}

// allow asks whether one more denial of a caller is told, and how many haven't been
// before it.
func (t *denialLimiter) allow(caller string) (untold int, tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); t.perCaller == nil || now.Sub(t.windowStart).Abs() >= denialWindow {
		t.windowStart, t.total, t.perCaller = now, 0, map[string]int{}
	}
	if t.total >= maxDenials || t.perCaller[caller] >= maxDenialsPerCaller {
		t.skipped++
		return 0, false
	}
	t.total++
	t.perCaller[caller]++
	untold, t.skipped = t.skipped, 0
	return untold, true
}
