package tenancy

import (
	"context"
	"time"
)

// Right is what a call was authorized with: its caller, and what the caller must be
// allowed. The context of a call carries it to the stores, which check it again in the
// transaction of each write: between the authorization and the write, a slow caller can
// lose a key, a session, a role or the tenant.
//
// The zero Right belongs to a host's own code, which needs none.
type Right struct {
	// Principal is the caller as they were when the call was authorized.
	Principal Principal

	// Stored says that the store has the caller: their API key, or their session and
	// user. It has neither the platform token nor a caller whom the host authenticates.
	Stored bool

	Session string // the id of the session of a stored user

	Tenant     ID         // where the call works; zero: in no tenant
	Needs      Permission // "" : the caller need only exist
	Grant      Grant      // the row of Needs if it is a permission of a host's
	SuperAdmin bool       // the caller must be a super-admin, whatever Needs says

	InAnyState  bool // a super-admin may make the call in a tenant of any state
	IgnoreState bool // everybody may, because tenancy is off

	Clock func() time.Time // tells when a key or a session has expired; nil: [time.Now]
}

type rightKey struct{}

// WithRight returns ctx with the right of a call.
func WithRight(ctx context.Context, r Right) context.Context {
	return context.WithValue(ctx, rightKey{}, r)
}

// RightFrom returns the right of a call. ok is false if ctx has none: then no write is
// refused because of its caller.
func RightFrom(ctx context.Context) (r Right, ok bool) {
	r, ok = ctx.Value(rightKey{}).(Right)
	return r, ok
}

// RequireSuperAdmin returns ctx with a right that only super-admins have. A context
// without a right stays as it is.
func RequireSuperAdmin(ctx context.Context) context.Context {
	r, ok := RightFrom(ctx)
	if !ok {
		return ctx
	}
	r.SuperAdmin = true
	return WithRight(ctx, r)
}

// Standing is what a store has at one moment about the caller and the tenant of a right.
type Standing struct {
	Valid      bool      // the API key, or the session and its user, exists
	ExpiresAt  time.Time // of the key or the session; zero: never
	SuperAdmin bool
	Role       Role  // in the right's tenant; "": none
	State      State // of the right's tenant; "": there is none
}

var errRightEnded = Errorf(CodeUnauthenticated,
	"the credentials of this call are no longer valid: send valid ones")

// Check returns nil if the caller still has the right. Otherwise its error has the code
// that the same call would get now: [CodeUnauthenticated] if the credentials have ended,
// [CodeTenantNotFound] if the caller is no member of the tenant or it is deleted,
// [CodeTenantSuspended], and [CodeForbidden] if the role doesn't allow the call.
func (r Right) Check(now Standing) error {
	if !r.Stored {
		now.SuperAdmin, now.Role = r.Principal.SuperAdmin, r.Principal.Roles[r.Tenant]
	} else if r.hasEnded(now) {
		return errRightEnded
	}
	if r.Tenant.IsZero() {
		return r.checkOutside(now)
	}
	if now.Role == "" && !now.SuperAdmin {
		return ErrTenantNotFound
	}
	if !r.IgnoreState && !(r.InAnyState && now.SuperAdmin) {
		switch now.State {
		case Active:
		case Suspended:
			return ErrTenantSuspended
		default:
			return ErrTenantNotFound
		}
	}
	if r.SuperAdmin && !now.SuperAdmin {
		return ErrForbidden
	}
	return Principal{SuperAdmin: now.SuperAdmin, Roles: map[ID]Role{r.Tenant: now.Role}}.
		AuthorizeGrant(r.Tenant, r.grant())
}

// grant returns the row of Needs. The table of roles decides about the library's permissions,
// whatever Grant says; a Grant of another permission is none.
func (r Right) grant() Grant {
	if g, ok := GrantOf(r.Needs); ok {
		return g
	}
	if r.Grant.Permission != r.Needs {
		return Grant{}
	}
	return r.Grant
}

// hasEnded reports whether the caller's credentials are refused now. The keys of a
// deleted tenant are.
func (r Right) hasEnded(now Standing) bool {
	if !now.Valid || r.Principal.Kind == KeyPrincipal && now.State == Deleted {
		return true
	}
	clock := r.Clock
	if clock == nil {
		clock = time.Now
	}
	return !now.ExpiresAt.IsZero() && !clock().Before(now.ExpiresAt)
}

// checkOutside is Check for a call that works in no tenant.
func (r Right) checkOutside(now Standing) error {
	if (r.Needs != "" || r.SuperAdmin) && !now.SuperAdmin {
		return ErrForbidden
	}
	return nil
}
