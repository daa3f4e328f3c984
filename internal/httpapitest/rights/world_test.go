package rights_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

var cheap = signin.Cost{Memory: 64, Passes: 1, Threads: 1}

const password = "correct horse battery"

// registry is a registry whose worlds follow one another: it has the gate and the clock of
// the present one.
type registry struct {
	store   ports.Services // without the gate
	handler http.Handler
	gate    *gate
	later   atomic.Int64 // added to the clock
	worlds  int
}

func newRegistry() *registry {
	reg := &registry{store: memory.New(apitest.Kinds(), memory.Options{}).Services(), gate: &gate{}}
	reg.handler = apitest.Wrap(gated(reg.store, reg.gate), func(o *httpapi.Options) {
		o.SignIn.Cost, o.SignIn.Refusal = cheap, time.Nanosecond
		o.Clock = func() time.Time { return time.Now().Add(time.Duration(reg.later.Load())) }
	}).Handler
	return reg
}

// world is a tenant of a registry with one caller of each kind, and with something of
// everything that a route can write to.
type world struct {
	*registry
	t      *testing.T
	number string // of the world: a part of its names
	slug   string // of the tenant acme
	acme   tenancy.ID

	keyID, key   string           // an admin's key of acme
	member       identity.User    // an admin of acme
	super        identity.User    // a super-admin
	session      identity.Session // of the caller
	cookie       string
	otherUser    string // a viewer of acme
	otherKey     string
	otherSession identity.Session
	invitation   string
	token        string // of an invitation to the member's address
	deletedSlug  string
}

// newWorld returns a world in which a caller is signed in.
func (reg *registry) newWorld(t *testing.T, by caller) *world {
	t.Helper()
	reg.worlds++
	reg.later.Store(0)
	number := strconv.Itoa(reg.worlds)
	w := &world{registry: reg, t: t, number: number, slug: "acme-" + number,
		deletedSlug: "gone-" + number}
	w.acme = w.addTenant(w.slug)
	w.setState(w.addTenant(w.deletedSlug), tenancy.Deleted)
	w.member, w.super = w.addUser("member", false), w.addUser("super", true)
	w.addMember(w.member.ID, tenancy.Admin)
	w.addMember(w.addUser("second-admin", false).ID, tenancy.Admin)
	other := w.addUser("other", false)
	w.otherUser = other.ID
	w.addMember(w.otherUser, tenancy.Viewer)
	w.keyID, w.key = w.addKey(tenancy.Admin)
	w.otherKey, _ = w.addKey(tenancy.Viewer)
	w.invitation, _ = w.invite("somebody@example.com")
	_, w.token = w.invite(w.member.Email)
	for _, kind := range []string{"agent", "prompt", "mcp_server", "trust_rule", "model_config"} {
		w.put(kind)
	}
	w.signIn(other)
	w.otherSession = w.session
	w.signIn(map[bool]identity.User{true: w.super, false: w.member}[by == superAdmin])
	return w
}

func (w *world) addTenant(slug string) tenancy.ID {
	made, err := w.store.Tenants.Create(w.t.Context(),
		tenancy.NewTenant(tenancy.NewID(), tenancy.Slug(slug), "The tenant"))
	require.NoError(w.t, err)
	return made.ID
}

func (w *world) setState(id tenancy.ID, state tenancy.State) {
	tenant, err := w.store.Tenants.Get(w.t.Context(), id)
	require.NoError(w.t, err)
	tenant.State = state
	if state == tenancy.Deleted {
		tenant.DeletedAt = time.Now()
	}
	_, err = w.store.Tenants.Update(w.t.Context(), tenant)
	require.NoError(w.t, err)
}

func (w *world) addUser(name string, superAdmin bool) identity.User {
	made, err := w.store.Users.Create(w.t.Context(), identity.User{ID: tenancy.NewID().String(),
		Email: name + w.number + "@example.com", Name: name, SuperAdmin: superAdmin}, "")
	require.NoError(w.t, err)
	return made
}

func (w *world) addMember(user string, role tenancy.Role) {
	_, _, err := w.store.Members.Put(w.t.Context(), w.acme, user, role)
	require.NoError(w.t, err)
}

func (w *world) addKey(role tenancy.Role) (id, secret string) {
	id, secret = tenancy.NewID().String(), tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(w.t, err)
	_, err = w.store.Keys.Create(w.t.Context(), w.acme, tenancy.APIKey{ID: id, Tenant: w.acme,
		Name: "key", Role: role, Hash: hash, ExpiresAt: time.Now().Add(time.Hour)})
	require.NoError(w.t, err)
	return id, secret
}

func (w *world) invite(email string) (id, token string) {
	id, token = tenancy.NewID().String(), tenancy.NewInvitationToken()
	hash, err := tenancy.HashInvitationToken(token)
	require.NoError(w.t, err)
	_, err = w.store.Invitations.Create(w.t.Context(), w.acme, tenancy.Invitation{ID: id,
		Tenant: w.acme, Email: email, Role: tenancy.Viewer, Hash: hash,
		InvitedBy: tenancy.Actor{Kind: tenancy.PlatformToken},
		ExpiresAt: time.Now().Add(24 * time.Hour)})
	require.NoError(w.t, err)
	return id, token
}

func (w *world) put(kind string) {
	_, _, err := w.store.Resources.Put(w.t.Context(), w.acme, federation.Item{
		Ref:  federation.Ref{Kind: kind, Name: "stored"},
		Spec: json.RawMessage(specOf(kind))}, ports.Condition{})
	require.NoError(w.t, err)
}

// specOf returns a valid spec of a kind.
func specOf(kind string) string {
	switch kind {
	case "prompt", "prompts":
		return `{"template":"Hello"}`
	case "trust_rule", "trust-rules":
		return `{"effect":"deny"}`
	}
	return `{}`
}

// signIn begins a session of a user, with the password of the tests.
func (w *world) signIn(u identity.User) {
	hash, err := signin.New(w.store, signin.Options{Cost: cheap}).Hash(w.t.Context(), password)
	require.NoError(w.t, err)
	require.NoError(w.t, w.store.Passwords.Set(w.t.Context(), u.ID, hash, ""))
	w.beginSession(u)
}

func (w *world) beginSession(u identity.User) {
	secret := identity.NewSessionSecret()
	hash, err := identity.HashSessionSecret(secret)
	require.NoError(w.t, err)
	now := time.Now().UTC().Truncate(time.Microsecond)
	w.session = identity.Session{ID: tenancy.NewID().String(), User: u.ID, Hash: hash,
		CreatedAt: now, SeenAt: now, ExpiresAt: now.Add(time.Hour)}
	require.NoError(w.t, w.store.Sessions.Create(w.t.Context(), w.session, ""))
	w.cookie = "bailiwick=" + secret
}

// send sends a request whose body is held at the gate, and returns the status and the code.
func (w *world) send(method, path, body string, headers map[string]string) (int, tenancy.Code) {
	r := httptest.NewRequest(method, path, nil)
	if body != "" {
		r = httptest.NewRequest(method, path,
			&heldBody{gate: w.gate, rest: strings.NewReader(body)}).WithContext(w.t.Context())
		r.ContentLength = int64(len(body))
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	var problem struct{ Code tenancy.Code }
	if rec.Code >= http.StatusBadRequest {
		require.NoError(w.t, json.Unmarshal(rec.Body.Bytes(), &problem), "%s", rec.Body)
	}
	return rec.Code, problem.Code
}

// written returns the number of the audit logs' entries, apart from denials, and whether
// the deleted tenant is still there: a purge removes more entries than it adds.
func (w *world) written() (entries int, purgeable bool) {
	q := ports.PlatformAuditQuery{Limit: 1000}
	for {
		page, err := w.store.PlatformAudit.List(w.t.Context(), q)
		require.NoError(w.t, err)
		for _, e := range page {
			if e.Outcome != tenancy.Denied {
				entries++
			}
		}
		if len(page) < q.Limit {
			break
		}
		q.Before = tenancyCursor(page[len(page)-1])
	}
	_, err := w.store.Tenants.BySlug(w.t.Context(), tenancy.Slug(w.deletedSlug))
	return entries, err == nil
}

func tenancyCursor(e tenancy.AuditEntry) ports.AuditCursor {
	return ports.AuditCursor{At: e.At, ID: e.ID}
}

// newItem is an item that acme doesn't have.
var newItem = federation.Item{Ref: federation.Ref{Kind: "prompt", Name: "new"},
	Spec: json.RawMessage(specOf("prompt"))}
