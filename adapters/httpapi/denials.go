package httpapi

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// denials are the codes that the audit log hears of.
var denials = []tenancy.Code{
	tenancy.CodeUnauthenticated, tenancy.CodeForbidden, tenancy.CodeTenantMismatch,
	tenancy.CodeTenantNotFound,
	tenancy.CodeTenantSuspended, tenancy.CodeReasonRequired,
}

const (
	denialPatience = 2 * time.Second // for the entry to be written
	maxAuditedPath = 256             // bytes
)

// auditDenial writes down that a request was refused: in the log of a tenant that
// the caller belongs to, or else in the platform's, which names of foreign and of
// unknown tenants come to alike. The refusal stands, whether it could be written
// or not.
func (a *api) auditDenial(c *call, op operation, err error) {
	code := tenancy.CodeOf(err)
	if !slices.Contains(denials, code) {
		return
	}
	actor := tenancy.ActorFrom(c.Context())
	if c.principal.Anonymous() {
		actor = tenancy.Actor{Kind: tenancy.AnonymousActor}
	}
	untold, tell := a.told.take(string(actor.Kind) + actor.ID + tenancy.RequestFrom(c.Context()).
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
	ctx, done := context.WithTimeout(context.WithoutCancel(c.Context()), denialPatience)
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
	tellingWindow = time.Minute
	tellingEach   = 20  // denials of one caller in a window
	tellingAll    = 600 // and of all
)

// telling bounds how many denials are written down: somebody who guesses all day
// must neither fill the disk nor hold up others at the end of the platform's
// chain. What isn't written is counted, and the next one that is says how many.
type telling struct {
	now func() time.Time

	mu     sync.Mutex
	begun  time.Time
	all    int
	each   map[string]int
	untold int
}

// take asks whether one more denial of a caller is told, and how many haven't been
// before it.
func (t *telling) take(caller string) (untold int, tell bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now(); t.each == nil || now.Sub(t.begun).Abs() >= tellingWindow {
		t.begun, t.all, t.each = now, 0, map[string]int{}
	}
	if t.all >= tellingAll || t.each[caller] >= tellingEach {
		t.untold++
		return 0, false
	}
	t.all++
	t.each[caller]++
	untold, t.untold = t.untold, 0
	return untold, true
}
