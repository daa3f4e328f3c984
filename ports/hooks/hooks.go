// Package hooks calls a host's functions after tenants and resources have changed, so that the
// host can provision what belongs to them:
//
//	services := hooks.After(db.Services(), hooks.Hooks{
//		Tenant: func(ctx context.Context, c hooks.TenantChange) error {
//			if c.Action == hooks.Created {
//				return createBucket(ctx, c.After.Slug)
//			}
//			return nil
//		},
//	})
//	api := httpapi.New(services, httpapi.Options{MultiTenant: true})
//
// A hook is called at most once for each change, in the process that made it, after the
// transaction was committed: what it does can't undo the change. A process that ends between
// the commit and the call loses the call, and so does a change that another program or SQL
// makes. A host that must miss nothing compares with a list from time to time
// ([ports.Tenants.List], [ports.Resources.List]).
package hooks

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Action says what has happened to a tenant or a resource.
type Action string

// The actions. Suspended, Activated and Purged happen to tenants only.
const (
	Created   Action = "created"
	Changed   Action = "changed"
	Suspended Action = "suspended"
	Activated Action = "activated" // it was suspended or deleted before
	Deleted   Action = "deleted"   // a deleted tenant keeps its data
	Purged    Action = "purged"    // the tenant and its data don't exist any more
)

// actionOf returns the action of a change from one state to another.
func actionOf(before, after tenancy.State) Action {
	switch {
	case before == after:
		return Changed
	case after == tenancy.Suspended:
		return Suspended
	case after == tenancy.Deleted:
		return Deleted
	}
	return Activated
}

// TenantChange is a change of one tenant. A change of the state has the state's action, even
// if it changed the name too: a renamed tenant is one whose names in Before and After differ.
type TenantChange struct {
	Action Action
	Before tenancy.Tenant // zero if the tenant was created
	After  tenancy.Tenant // zero if the tenant was purged
}

// ResourceChange is a change of one resource. The resources that come with a new tenant and
// those that are removed with a purged one have no change: the tenant's says it.
type ResourceChange struct {
	Tenant tenancy.ID
	Action Action // Created, Changed or Deleted
	Ref    federation.Ref
	// Version is the one after the change; 0 if the resource was deleted, or if an import
	// replaced it by an item of another name.
	Version int64
}

// Hooks are the functions of a host. They run one after another in the goroutine of the call
// that made the change, which returns only after them. Their context has the values of the
// call's, with its caller and tenant, and ends after Timeout, not with the call. An error or a
// panic is logged, and the change stays. A hook that writes through the services of [After] is
// called for that too: it uses those without hooks, or knows its own writes.
type Hooks struct {
	// Tenant is called after each change of a tenant. Defaults to none.
	Tenant func(context.Context, TenantChange) error

	// Resource is called after each change of a resource: after an import, once for each
	// item that it wrote. The kind, name and version of these items are kept in memory until
	// the import ends. Defaults to none.
	Resource func(context.Context, ResourceChange) error

	// Timeout is how long a call of a hook may take. Defaults to 10 seconds.
	Timeout time.Duration

	// Logger receives the errors and panics of hooks. Defaults to [slog.Default].
	Logger *slog.Logger
}

const defaultTimeout = 10 * time.Second

// After returns s with ports that call h after each change that is made through them. A port
// that is nil stays nil. It reads a tenant or a resource once more before it changes it.
func After(s ports.Services, h Hooks) ports.Services {
	if h.Timeout < 0 {
		panic(fmt.Sprintf("hooks.After: Hooks.Timeout %s is negative", h.Timeout))
	}
	if h.Timeout == 0 {
		h.Timeout = defaultTimeout
	}
	if h.Logger == nil {
		h.Logger = slog.Default()
	}
	if h.Tenant != nil && s.Tenants != nil {
		s.Tenants = tenants{next: s.Tenants, hooks: h}
	}
	if h.Resource == nil {
		return s
	}
	if s.Transfers != nil {
		s.Transfers = transfers{next: s.Transfers, hooks: h}
	}
	if s.Resources != nil {
		s.Resources = resources{next: s.Resources, hooks: h}
	}
	return s
}

// tenantChanged calls the hook of tenants.
func (h Hooks) tenantChanged(ctx context.Context, c TenantChange) {
	tenant := c.After
	if c.Action == Purged {
		tenant = c.Before
	}
	h.call(ctx, func(ctx context.Context) error { return h.Tenant(ctx, c) },
		slog.String("action", string(c.Action)), slog.String("tenant", tenant.ID.String()))
}

// resourceChanged calls the hook of resources.
func (h Hooks) resourceChanged(ctx context.Context, c ResourceChange) {
	h.call(ctx, func(ctx context.Context) error { return h.Resource(ctx, c) },
		slog.String("action", string(c.Action)), slog.String("tenant", c.Tenant.String()),
		slog.String("kind", c.Ref.Kind), slog.String("name", c.Ref.Name))
}

// call runs a hook and logs its error or panic with attrs.
func (h Hooks) call(
	ctx context.Context, hook func(context.Context) error, attrs ...slog.Attr,
) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), h.Timeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			attrs = append(attrs, slog.String("error", fmt.Sprintf("panic: %v\n%s", cause,
				debug.Stack())))
			h.Logger.LogAttrs(ctx, slog.LevelError, "a hook panicked", attrs...)
		}
	}()
	if err := hook(ctx); err != nil {
		h.Logger.LogAttrs(ctx, slog.LevelError, "a hook failed",
			append(attrs, slog.Any("error", err))...)
	}
}
