package rights_test

import (
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	admins    = []caller{adminKey, adminUser, superAdmin, platformToken}
	platform  = []caller{superAdmin, platformToken}
	signedIns = []caller{adminUser, superAdmin}
)

// route returns a valid call of an operation.
func (w *world) route(op apitest.Operation) route {
	r := route{Operation: op, path: op.Path, callers: admins}
	const tenant = "/api/v1/tenants/{tenant}"
	if kind, item := strings.CutSuffix(op.Path, "/{name}"); item && !strings.HasPrefix(op.Path, tenant) {
		r.path, r.body, r.inTenant, r.activeOnly = w.item(op, kind)
		return r
	}
	r.inTenant = strings.HasPrefix(op.Path, tenant)
	slug := w.slug
	switch op.ID {
	case "createTenant":
		r.callers, r.body = platform, `{"slug":"new-`+w.number+`","name":"New"}`
	case "updateTenant":
		r.body = `{"name":"Renamed"}`
	case "deleteTenant":
		r.callers = platform
	case "restoreTenant":
		r.callers, slug = platform, w.deletedSlug
	case "purgeTenant":
		r.callers, slug, r.body = platform, w.deletedSlug, `{"confirm":"`+w.deletedSlug+`"}`
	case "createKey":
		r.body = `{"name":"new","role":"admin"}`
	case "rotateKey":
		r.body = `{}`
	case "revokeKey", "removeMember", "revokeInvitation":
	case "putMember":
		r.body = `{"role":"admin"}`
	case "createInvitation":
		r.body = `{"email":"new@example.com","role":"admin"}`
	case "acceptInvitation":
		// The password counts only if the person is removed meanwhile: they would be a new one.
		r.callers, r.own = []caller{adminUser}, true
		r.body = `{"token":"` + w.token + `","password":"another good password"}`
	case "import":
		r.body, r.activeOnly = w.bundle(), true
	case "setSecret":
		r.body, r.activeOnly = `{"value":"secret"}`, true
	case "unsetSecret":
		r.activeOnly = true
		require.NoError(w.t, w.store.Vault.Set(w.t.Context(), w.acme, "secret", []byte("v")))
	case "createUser":
		r.callers, r.body = platform, `{"email":"new`+w.number+`@example.com","name":"N","super_admin":true}`
	case "updateUser":
		r.callers, r.body = platform, `{"super_admin":true}`
	case "removeUser", "endUserSessions":
		r.callers = platform
	case "signOut", "endSession":
		r.callers, r.own = signedIns, true
	case "changePassword":
		r.callers, r.own = signedIns, true
		r.body = `{"old":"` + password + `","new":"another good password"}`
	default:
		w.t.Errorf("the new route %s needs a call in this test", op.ID)
	}
	r.path = strings.NewReplacer("{tenant}", slug, "{user_id}", w.otherUser, "{name}", "secret",
		"{id}", w.idIn(op)).Replace(op.Path)
	return r
}

// item returns a call of a route of resources.
func (w *world) item(op apitest.Operation, kind string) (path, body string, in, active bool) {
	path = kind + "/stored"
	switch {
	case kind == "/api/v1/defaults":
		path = kind + "/default"
		body = `{"spec":{"trust_effect":"deny"}}`
	case op.Method == "PUT":
		path = kind + "/new"
		body = `{"spec":` + specOf(strings.TrimPrefix(kind, "/api/v1/")) + `}`
	}
	return path, body, true, true
}

// idIn returns the id in the path of an operation.
func (w *world) idIn(op apitest.Operation) string {
	switch op.ID {
	case "rotateKey", "revokeKey":
		return w.otherKey
	case "revokeInvitation":
		return w.invitation
	case "endSession":
		return w.session.ID
	case "endUserSessions":
		return w.otherSession.User
	}
	return w.otherUser
}

// bundle returns a bundle with one item that acme doesn't have.
func (w *world) bundle() string {
	source := w.addTenant("source-" + tenancy.NewID().String()[24:])
	_, _, err := w.store.Resources.Put(w.t.Context(), source, newItem, ports.Condition{})
	require.NoError(w.t, err)
	bundle, err := promote.New(w.store).Export(w.t.Context(),
		tenancy.Tenant{ID: source, Slug: "source"}, ports.Selection{Kinds: []string{"prompt"}})
	require.NoError(w.t, err)
	defer bundle.Close()
	var text strings.Builder
	_, err = bundle.WriteTo(&text)
	require.NoError(w.t, err)
	return text.String()
}
