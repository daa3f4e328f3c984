package rights_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// caller is who calls a route, and with what.
type caller int

const (
	adminKey caller = iota
	adminUser
	superAdmin
	platformToken
)

// end is one way in which the right of a call ends while its body arrives.
type end struct {
	name string
	of   []caller
	now  func(w *world)
	// the code in a tenant, and on a route of no tenant ("": it isn't called there)
	inTenant, outside tenancy.Code
}

// ofTenant reports whether the end is one of the tenant, which doesn't matter to a
// super-admin who manages it.
func (e end) ofTenant() bool { return strings.HasPrefix(e.name, "tenant") }

func ends() []end {
	const none = tenancy.Code("")
	users, members := []caller{adminUser, superAdmin}, []caller{adminUser}
	return []end{
		{"key revoked", []caller{adminKey}, func(w *world) {
			require.NoError(w.t, w.store.Keys.Revoke(w.t.Context(), w.acme, w.keyID))
		}, tenancy.CodeUnauthenticated, none},
		{"key replaced", []caller{adminKey}, func(w *world) {
			_, err := w.store.Keys.Rotate(w.t.Context(), w.acme, w.keyID,
				tenancy.APIKey{ID: tenancy.NewID().String(), Tenant: w.acme}, time.Now())
			require.NoError(w.t, err)
		}, tenancy.CodeUnauthenticated, none},
		{"key expired", []caller{adminKey}, func(w *world) { w.later.Store(int64(2 * time.Hour)) },
			tenancy.CodeUnauthenticated, none},
		{"signed out", users, func(w *world) {
			require.NoError(w.t, w.store.Sessions.Revoke(w.t.Context(), w.session.User, w.session.ID))
		}, tenancy.CodeUnauthenticated, tenancy.CodeUnauthenticated},
		{"session expired", users, func(w *world) { w.later.Store(int64(2 * time.Hour)) },
			tenancy.CodeUnauthenticated, tenancy.CodeUnauthenticated},
		{"password set", users, func(w *world) {
			require.NoError(w.t, w.store.Passwords.Set(w.t.Context(), w.session.User, "$hash", ""))
		}, tenancy.CodeUnauthenticated, tenancy.CodeUnauthenticated},
		{"user removed", users, func(w *world) {
			require.NoError(w.t, w.store.Users.Remove(w.t.Context(), w.session.User))
		}, tenancy.CodeUnauthenticated, tenancy.CodeUnauthenticated},
		{"flag taken", []caller{superAdmin}, func(w *world) {
			_, err := w.store.Users.Update(w.t.Context(), w.session.User,
				ports.UserChange{SuperAdmin: new(false)})
			require.NoError(w.t, err)
		}, tenancy.CodeTenantNotFound, tenancy.CodeForbidden},
		{"membership removed", members, func(w *world) {
			require.NoError(w.t, w.store.Members.Remove(w.t.Context(), w.acme, w.member.ID))
		}, tenancy.CodeTenantNotFound, none},
		{"role lowered", members, func(w *world) {
			_, err := w.store.Members.Change(w.t.Context(), w.acme, w.member.ID, tenancy.Viewer)
			require.NoError(w.t, err)
		}, tenancy.CodeForbidden, none},
		{"tenant suspended", []caller{adminKey, adminUser, superAdmin, platformToken},
			func(w *world) { w.setState(w.acme, tenancy.Suspended) },
			tenancy.CodeTenantSuspended, none},
		{"tenant deleted", []caller{adminUser, superAdmin, platformToken},
			func(w *world) { w.setState(w.acme, tenancy.Deleted) }, tenancy.CodeTenantNotFound,
			none},
		{"the key's tenant deleted", []caller{adminKey},
			func(w *world) { w.setState(w.acme, tenancy.Deleted) },
			tenancy.CodeUnauthenticated, none},
	}
}

// route is a writing operation of the API with a valid call of it.
type route struct {
	apitest.Operation
	path, body string
	callers    []caller
	inTenant   bool
	// it refuses an inactive tenant to super-admins too
	activeOnly bool
	// every signed-in user may call it: the end of other rights doesn't matter
	own bool
}

// TestWriteIsRefusedWhenItsRightEndsWhileTheBodyArrives walks every writing route of the
// API's own document: a new one needs a call in [world.route].
func TestWriteIsRefusedWhenItsRightEndsWhileTheBodyArrives(t *testing.T) {
	t.Parallel()
	for _, op := range writingOperations(t) {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			reg := newRegistry()
			r := reg.newWorld(t, adminUser).route(op)
			for _, e := range ends() {
				for _, by := range e.of {
					if want := r.codeAfter(e, by); want != "" {
						refuses(t, reg, op, e, by, want)
					}
				}
			}
		})
	}
}

// codeAfter returns the code of a call whose right ends; none if the caller may not make the
// call, or if the end doesn't matter to it.
func (r route) codeAfter(e end, by caller) tenancy.Code {
	want := e.outside
	if r.inTenant {
		want = e.inTenant
	}
	switch {
	case !slices.Contains(r.callers, by),
		r.own && want == tenancy.CodeForbidden, // every signed-in user may call it
		e.ofTenant() && by >= superAdmin && !r.activeOnly:
		return ""
	case r.ID == "acceptInvitation" && want == tenancy.CodeUnauthenticated:
		return tenancy.CodeNotFound // as for somebody who isn't signed in
	case r.ID == "changePassword" && e.name == "password set":
		return tenancy.CodeForbidden // the old password isn't the old one any more
	}
	return want
}

// TestWriteSucceedsWhileItsRightHolds makes sure that the calls are valid ones.
func TestWriteSucceedsWhileItsRightHolds(t *testing.T) {
	t.Parallel()
	for _, op := range writingOperations(t) {
		t.Run(op.ID, func(t *testing.T) {
			t.Parallel()
			reg := newRegistry()
			for _, by := range reg.newWorld(t, adminUser).route(op).callers {
				w := reg.newWorld(t, by)
				r := w.route(op)
				before := writes(w.written())
				w.gate.arm(func() {})
				status, code := w.send(op.Method, r.path, r.body, w.headers(r, by))
				assert.Less(t, status, 300, "caller %d: %s", by, code)
				assert.True(t, w.gate.wasOpened(), "the route passes no gate")
				assert.NotEqual(t, before, writes(w.written()), "the call wrote nothing")
			}
		})
	}
}

// writes makes one value of the results of [world.written].
func writes(entries int, purgeable bool) string { return fmt.Sprint(entries, purgeable) }

func refuses(
	t *testing.T, reg *registry, op apitest.Operation, e end, by caller, want tenancy.Code,
) {
	t.Helper()
	w := reg.newWorld(t, by)
	r := w.route(op)
	var before string
	w.gate.arm(func() {
		e.now(w)
		before = writes(w.written())
	})
	_, code := w.send(op.Method, r.path, r.body, w.headers(r, by))
	require.True(t, w.gate.wasOpened(), "%s: the route passes no gate", e.name)
	// a use case may find the tenant gone before the store finds the key refused
	if e.name != "the key's tenant deleted" || code != tenancy.CodeTenantNotFound {
		assert.Equal(t, want, code, "caller %d, %s", by, e.name)
	}
	assert.Equal(t, before, writes(w.written()), "caller %d, %s: the refused call wrote", by, e.name)
}

// writingOperations returns every operation that writes with the right of a caller.
func writingOperations(t *testing.T) []apitest.Operation {
	t.Helper()
	reg := apitest.New(t)
	var writing []apitest.Operation
	for _, op := range reg.Operations(t) {
		switch {
		case op.Method == http.MethodGet:
		case op.ID == "signIn": // its caller has no right yet: the body has the credentials
		case op.ID == "deleteDefaults": // it never succeeds: a singleton can't be deleted
		default:
			writing = append(writing, op)
		}
	}
	require.Greater(t, len(writing), 25)
	return writing
}

// headers returns the headers of a call.
func (w *world) headers(r route, by caller) map[string]string {
	headers := map[string]string{"Content-Type": "application/json", "X-Tenant-ID": w.slug}
	if !r.inTenant || strings.Contains(r.path, w.deletedSlug) {
		delete(headers, "X-Tenant-ID")
	}
	switch by {
	case adminKey:
		headers["Authorization"] = "Bearer " + w.key
	case platformToken:
		headers["Authorization"] = "Bearer " + apitest.PlatformToken
	default:
		headers["Cookie"] = w.cookie
	}
	return headers
}
