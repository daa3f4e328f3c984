package httpapitest_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type userSeen struct {
	ID, Email, Name string
	SuperAdmin      bool `json:"super_admin"`
}

type memberSeen struct {
	UserID string `json:"user_id"`
	Email  string
	Role   string
}

type invitationSeen struct {
	ID, Email, Role, Token, URL string
	ExpiresAt                   string `json:"expires_at"`
}

type acceptedSeen struct {
	Tenant struct{ ID, Slug, Name string }
	Role   string
	User   userSeen
}

const (
	usersPath  = "/api/v1/users"
	acceptPath = "/api/v1/invitations/accept"
)

func (w *world) addUser(t *testing.T, email string) userSeen {
	t.Helper()
	return read[userSeen](t,
		w.do(t, ask{as: "root", method: "POST", path: usersPath, body: `{"email":"` + email +
			`","name":"N"}`}).ok(t, 201))
}

func (w *world) invite(t *testing.T, as, email, role string) invitationSeen {
	t.Helper()
	body := `{"email":"` + email + `","role":"` + role + `"}`
	tenant, _, _ := strings.Cut(as, "-")
	return read[invitationSeen](t,
		w.do(t, ask{as: as, method: "POST", path: "/api/v1/tenants/" + tenant + "/invitations",
			body: body}).ok(t, 201))
}

func (w *world) accept(t *testing.T, as, token string) got {
	t.Helper()
	return w.do(t, ask{as: as, method: "POST", path: acceptPath, body: `{"token":"` + token + `"}`})
}

// managePeople calls each operation on people with success.
func (w *world) managePeople(t *testing.T) {
	t.Helper()
	ada := w.addUser(t, "Ada@Example.com")
	assert.Equal(t, "ada@example.com", ada.Email)
	w.do(t, ask{as: "root", path: usersPath}).ok(t, 200)
	w.do(t, ask{as: "root", path: usersPath + "/" + ada.ID}).ok(t, 200)
	changed := read[userSeen](t,
		w.do(t, ask{as: "root", method: "PUT", path: usersPath + "/" + ada.ID,
			body: `{"name":"Ada","super_admin":true}`}).ok(t, 200))
	assert.Equal(t, userSeen{ID: ada.ID, Email: ada.Email, Name: "Ada", SuperAdmin: true}, changed)

	const members = "/api/v1/tenants/acme/members"
	w.do(t, ask{as: "acme-admin", method: "PUT", path: members + "/" + ada.ID,
		body: `{"role":"viewer"}`}).ok(t, 201)
	w.do(t, ask{as: "acme-admin", method: "PUT", path: members + "/" + ada.ID,
		body: `{"role":"editor"}`}).ok(t, 200)
	w.do(t, ask{as: "acme-admin", path: members}).ok(t, 200)
	assert.Equal(t, memberSeen{ada.ID, ada.Email, "editor"},
		read[memberSeen](t, w.do(t, ask{as: "acme-admin", path: members + "/" + ada.ID}).
			ok(t, 200)))
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: members + "/" + ada.ID}).ok(t, 204)

	i := w.invite(t, "acme-admin", "bob@example.com", "viewer")
	w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/invitations"}).ok(t, 200)
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: "/api/v1/tenants/acme/invitations/" +
		i.ID}).ok(t, 204)
	i = w.invite(t, "acme-admin", "bob@example.com", "viewer")
	bob := read[acceptedSeen](t, w.accept(t, "", i.Token).ok(t, 200))
	assert.Equal(t, "acme", bob.Tenant.Slug)
	w.do(t, ask{as: "root", method: "DELETE", path: usersPath + "/" + bob.User.ID}).ok(t, 204)
}

func TestUsersAreForSuperAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.addUser(t, "ada@example.com")
	for _, as := range []string{"acme-admin", "acme-editor", "acme-viewer", "acme-replicator"} {
		for _, a := range []ask{
			{path: usersPath}, {path: usersPath + "/" + ada.ID},
			{method: "DELETE", path: usersPath + "/" + ada.ID},
			{method: "POST", path: usersPath,
				body: `{"email":"eve@example.com","name":"Eve","super_admin":true}`},
			{method: "PUT", path: usersPath + "/" + ada.ID, body: `{"super_admin":true}`},
		} {
			a.as = as
			w.do(t, a).refused(t, 403, tenancy.CodeForbidden)
		}
	}
	assert.Equal(t, ada, read[userSeen](t, w.do(t, ask{as: "root", path: usersPath + "/" + ada.ID}).
		ok(t, 200)))
	assert.Len(t, w.pages(t, ask{as: "root", path: usersPath}, "email"), 1)
}

func TestWhatAUserCantBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.addUser(t, "ada@example.com")
	for body, at := range map[string]string{
		`{"name":"N"}`:                                             "/email",
		`{"email":"no address","name":"N"}`:                        "/email",
		`{"email":"\u0430da@example.com","name":"N"}`:              "/email",
		`{"email":"b@example.com\n","name":"N"}`:                   "/email",
		`{"email":"b@example.com"}`:                                "/name",
		`{"email":"b@example.com","name":" N"}`:                    "/name",
		`{"email":"b@example.com","name":"N","password":""}`:       "/password",
		`{"email":"b@example.com","name":"N","password":"secret"}`: "/password",
	} {
		p := w.do(t, ask{as: "root", method: "POST", path: usersPath, body: body}).
			refused(t, 422, tenancy.CodeInvalid)
		require.NotEmpty(t, p.Errors, body)
		assert.Equal(t, at, p.Errors[0].Path, body)
		assert.NotContains(t, p.Detail, "secret")
	}
	w.do(t, ask{as: "root", method: "POST", path: usersPath,
		body: `{"email":"ADA@example.com","name":"N"}`}).refused(t, 409, tenancy.CodeAlreadyExists)
	w.do(t, ask{as: "root", method: "POST", path: usersPath,
		body: `{"email":"b@example.com","name":"N","id":"` + ada.ID + `"}`}).
		refused(t, 422, tenancy.CodeUnknownField)
	for _, id := range []string{tenancy.NewID().String(), "nobody"} {
		w.do(t, ask{as: "root", path: usersPath + "/" + id}).refused(t, 404, tenancy.CodeNotFound)
		w.do(t, ask{as: "root", method: "PUT", path: usersPath + "/" + id, body: `{}`}).
			refused(t, 404, tenancy.CodeNotFound)
		w.do(t, ask{as: "root", method: "DELETE", path: usersPath + "/" + id}).
			refused(t, 404, tenancy.CodeNotFound)
	}
	assert.Len(t, w.pages(t, ask{as: "root", path: usersPath}, "email"), 1)
}

func TestPeopleAreListedPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, name := range []string{"d", "b", "a", "c", "e"} {
		u := w.addUser(t, name+"@example.com")
		w.do(t, ask{as: "acme-admin", method: "PUT", path: "/api/v1/tenants/acme/members/" + u.ID,
			body: `{"role":"admin"}`}).ok(t, 201)
		w.invite(t, "acme-admin", name+"@elsewhere.test", "viewer")
	}
	assert.Equal(t, []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com"},
		w.pages(t, ask{as: "root", path: usersPath + "?limit=2"}, "email"))
	assert.Len(t, w.pages(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/members?limit=2"},
		"email"), 5)
	assert.Equal(t, []string{"d@elsewhere.test", "b@elsewhere.test", "a@elsewhere.test",
		"c@elsewhere.test", "e@elsewhere.test"},
		w.pages(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/invitations?limit=2"},
			"email"))
	assert.Empty(t, w.pages(t, ask{as: "beta-admin", path: "/api/v1/tenants/beta/members"},
		"email"))
	assert.Empty(t, w.pages(t, ask{as: "beta-admin", path: "/api/v1/tenants/beta/invitations"},
		"email"))
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.addUser(t, "ada@example.com"), w.addUser(t, "bob@example.com")
	one := func(u userSeen) string { return "/api/v1/tenants/acme/members/" + u.ID }
	w.do(t, ask{as: "acme-admin", method: "PUT", path: one(ada), body: `{"role":"admin"}`}).
		ok(t, 201)
	w.do(t, ask{as: "acme-admin", method: "PUT", path: one(bob), body: `{"role":"editor"}`}).
		ok(t, 201)
	for _, as := range []string{"acme-admin", "root"} {
		w.do(t, ask{as: as, method: "DELETE", path: one(ada)}).
			refused(t, 409, tenancy.CodeLastAdmin)
		w.do(t, ask{as: as, method: "PUT", path: one(ada), body: `{"role":"editor"}`}).
			refused(t, 409, tenancy.CodeLastAdmin)
	}
	g := w.do(t, ask{as: "root", method: "DELETE", path: usersPath + "/" + ada.ID})
	g.refused(t, 409, tenancy.CodeLastAdmin)
	assert.Contains(t, string(g.body), w.tenants["acme"].ID.String())
	w.do(t, ask{as: "acme-admin", method: "PUT", path: one(bob), body: `{"role":"admin"}`}).
		ok(t, 200)
	w.do(t, ask{as: "root", method: "DELETE", path: usersPath + "/" + ada.ID}).ok(t, 204)
	w.do(t, ask{as: "acme-admin", path: one(ada)}).refused(t, 404, tenancy.CodeNotFound)
}

// TestATenantAdminLearnsNothingOfUsersElsewhere probes with ids and addresses of
// people that there are and that there aren't.
func TestATenantAdminLearnsNothingOfUsersElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.addUser(t, "ada@example.com")
	w.do(t, ask{as: "beta-admin", method: "PUT", path: "/api/v1/tenants/beta/members/" + ada.ID,
		body: `{"role":"admin"}`}).ok(t, 201)

	same := map[string]string{"X-Request-ID": "same"}
	const members = "/api/v1/tenants/acme/members/"
	for _, method := range []string{"GET", "DELETE"} {
		known := w.do(t, ask{as: "acme-admin", method: method, path: members + ada.ID,
			header: same})
		for _, id := range []string{tenancy.NewID().String(), "nobody", "ada@example.com",
			"ada%40example.com"} {
			g := w.do(t, ask{as: "acme-admin", method: method, path: members + id, header: same})
			g.refused(t, 404, tenancy.CodeNotFound)
			assert.Equal(t, string(known.body), string(g.body))
		}
	}
	for _, id := range []string{"ada@example.com", "eve@example.com", tenancy.NewID().String()} {
		w.do(t, ask{as: "acme-admin", method: "PUT", path: members + id, body: `{"role":"viewer"}`,
			header: same}).refused(t, 404, tenancy.CodeNotFound)
	}
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		body := `{"email":"` + email + `","role":"viewer","expires_in":3600}`
		g := w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/invitations",
			body: body, header: same}).ok(t, 201)
		i := read[map[string]any](t, g)
		assert.Equal(t, email, i["email"])
		assert.Len(t, i, 7)
	}
}

func TestATenantAdminCantMakeMoreOfThemselves(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	const mallory = "user:admin@acme"
	for _, a := range []ask{
		{method: "PUT", path: "/api/v1/tenants/beta/members/" + tenancy.NewID().String(),
			body: `{"role":"admin"}`},
		{method: "DELETE", path: "/api/v1/tenants/beta/members/" + tenancy.NewID().String()},
		{path: "/api/v1/tenants/beta/members"},
		{method: "POST", path: "/api/v1/tenants/beta/invitations",
			body: `{"email":"m@example.com","role":"admin"}`},
		{path: "/api/v1/tenants/beta/invitations"},
		{method: "DELETE", path: "/api/v1/tenants/beta/invitations/" + tenancy.NewID().String()},
	} {
		a.as = mallory
		w.do(t, a).refused(t, 404, tenancy.CodeTenantNotFound)
		a.tenant = "acme"
		w.do(t, a).refused(t, 400, tenancy.CodeTenantMismatch)
	}
	for _, body := range []string{`{"role":"super_admin"}`, `{"role":"owner"}`,
		`{"role":"replicator"}`, `{"role":""}`} {
		w.do(t, ask{as: mallory, method: "PUT", path: "/api/v1/tenants/acme/members/" +
			tenancy.NewID().String(), body: body}).refused(t, 422, tenancy.CodeInvalid)
	}
	for _, body := range []string{
		`{"role":"admin","super_admin":true}`, `{"role":"admin","tenant":"beta"}`,
		`{"role":"admin","tenant_id":"` + w.tenants["beta"].ID.String() + `"}`,
	} {
		w.do(t, ask{as: mallory, method: "PUT", path: "/api/v1/tenants/acme/members/" +
			tenancy.NewID().String(), body: body}).refused(t, 422, tenancy.CodeUnknownField)
	}
	for body, code := range map[string]tenancy.Code{
		`{"email":"m@example.com","role":"super_admin"}`:                         tenancy.CodeInvalid,
		`{"email":"m@example.com","role":"replicator"}`:                          tenancy.CodeInvalid,
		`{"email":"m@example.com","role":"admin","super_admin":true}`:            tenancy.CodeUnknownField,
		`{"email":"m@example.com","role":"admin","expires_in":0}`:                tenancy.CodeInvalid,
		`{"email":"m@example.com","role":"admin","expires_in":-1}`:               tenancy.CodeInvalid,
		`{"email":"m@example.com","role":"admin","expires_in":2592001}`:          tenancy.CodeInvalid,
		`{"email":"m@example.com","role":"admin","expires_in":9007199254740991}`: tenancy.CodeInvalid,
		`{"email":"m@example.com","role":"admin","expires_in":"1h"}`:             tenancy.CodeInvalid,
	} {
		w.do(t, ask{as: mallory, method: "POST", path: "/api/v1/tenants/acme/invitations",
			body: body}).refused(t, 422, code)
	}
	for _, role := range []string{"editor", "viewer", "replicator"} {
		for _, a := range []ask{
			{path: "/api/v1/tenants/acme/members"}, {path: "/api/v1/tenants/acme/invitations"},
			{method: "PUT", path: "/api/v1/tenants/acme/members/" + tenancy.NewID().String(),
				body: `{"role":"admin"}`},
			{method: "POST", path: "/api/v1/tenants/acme/invitations",
				body: `{"email":"m@example.com","role":"viewer"}`},
		} {
			a.as = "user:" + role + "@acme"
			w.do(t, a).refused(t, 403, tenancy.CodeForbidden)
		}
	}
}

func TestAnInvitationIsALinkForOnePersonOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.invite(t, "acme-admin", "Bob@Example.com", "editor")
	assert.Equal(t, "bob@example.com", i.Email)
	assert.Equal(t, "/invitations/accept#"+i.Token, i.URL)
	listed := w.do(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/invitations"}).ok(t, 200)
	assert.NotContains(t, string(listed.body), i.Token)
	assert.NotContains(t, string(listed.body), "token")

	got := read[acceptedSeen](t, w.accept(t, "", i.Token).ok(t, 200))
	assert.Equal(t, "acme", got.Tenant.Slug)
	assert.Equal(t, "editor", got.Role)
	assert.Equal(t, userSeen{ID: got.User.ID, Email: "bob@example.com", Name: "bob"}, got.User)
	stored, err := w.services.Users.Get(t.Context(), got.User.ID)
	require.NoError(t, err)
	assert.False(t, stored.SuperAdmin)
	w.accept(t, "", i.Token).refused(t, 404, tenancy.CodeNotFound)
	assert.Empty(t, w.pages(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/invitations"},
		"email"))
}

func TestAllDeadInvitationsLookTheSame(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := newWorld(t, func(o *httpapi.Options) {
		o.Clock = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	})
	w.addUser(t, "here@example.com")
	tokens := map[string]string{
		"unknown": tenancy.NewInvitationToken(), "no token": "x", "empty": "",
		"an API key": w.tokens["acme-admin"], "the platform's token": platformToken,
		"of somebody who has an account": w.invite(t, "acme-admin", "here@example.com", "viewer").
			Token,
	}
	used := w.invite(t, "acme-admin", "used@example.com", "viewer")
	w.accept(t, "", used.Token).ok(t, 200)
	tokens["used"] = used.Token
	revoked := w.invite(t, "acme-admin", "revoked@example.com", "viewer")
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: "/api/v1/tenants/acme/invitations/" +
		revoked.ID}).ok(t, 204)
	tokens["revoked"] = revoked.Token
	replaced := w.invite(t, "acme-admin", "twice@example.com", "viewer")
	w.invite(t, "acme-admin", "twice@example.com", "viewer")
	tokens["replaced"] = replaced.Token
	tokens["of a suspended tenant"] = w.invite(t, "beta-admin", "asleep@example.com", "viewer").
		Token
	w.suspend(t, "beta")
	w.addTenant(t, "gone")
	tokens["of a deleted tenant"] = w.invite(t, "gone-admin", "gone@example.com", "viewer").Token
	w.deleteTenant(t, "gone")
	key := read[keySeen](t, w.do(t,
		ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys",
			body: `{"name":"k","role":"admin"}`}).ok(t, 201))
	w.tokens["acme-short"] = key.Secret
	tokens["of a revoked key"] = w.invite(t, "acme-short", "key@example.com", "admin").Token
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: "/api/v1/tenants/acme/keys/" + key.ID}).
		ok(t, 204)
	expired := read[invitationSeen](t,
		w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/invitations",
			body: `{"email":"late@example.com","role":"viewer","expires_in":60}`}).ok(t, 201))
	assert.Equal(t, "2030-01-01T00:01:00.000000Z", expired.ExpiresAt)
	passed.Store(int64(time.Minute))
	tokens["expired"] = expired.Token

	var first string
	for name, token := range tokens {
		for _, as := range []string{"", "acme-admin", "root", "Bearer bwk_unknown"} {
			g := w.do(t, ask{as: as, method: "POST", path: acceptPath, body: `{"token":"` + token +
				`"}`, header: map[string]string{"X-Request-ID": "same"}})
			g.refused(t, 404, tenancy.CodeNotFound)
			if first == "" {
				first = string(g.body)
			}
			assert.Equal(t, first, string(g.body), "%s as %q", name, as)
		}
	}
	w.accept(t, "", "x'; DROP TABLE bailiwick.invitations; --").
		refused(t, 404, tenancy.CodeNotFound)
	w.do(t, ask{method: "POST", path: acceptPath, body: `{"token":"x","role":"admin"}`}).
		refused(t, 422, tenancy.CodeUnknownField)
	w.do(t, ask{method: "POST", path: acceptPath,
		body: `{"token":"x","email":"other@example.com"}`}).
		refused(t, 422, tenancy.CodeUnknownField)
}

func TestWhoHasAnAccountAcceptsSignedInAsIt(t *testing.T) {
	t.Parallel()
	var w *world
	var caller atomic.Value // the signed-in user's id
	w = newWorld(t, func(o *httpapi.Options) {
		o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
			switch r.Header.Get("Authorization") {
			case "Bearer " + platformToken:
				return tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}, nil
			case "session":
				return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: caller.Load().(string)},
					nil
			case "key": // of the same id, and yet somebody else
				return tenancy.Principal{Kind: tenancy.KeyPrincipal, ID: caller.Load().(string)},
					nil
			}
			return tenancy.Principal{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "who are you?")
		}
	})
	ada, eve := w.addUser(t, "ada@example.com"), w.addUser(t, "eve@example.com")
	i := read[invitationSeen](t,
		w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/acme/invitations",
			body: `{"email":"ada@example.com","role":"admin"}`}).ok(t, 201))
	caller.Store(eve.ID)
	for _, as := range []string{"", "root", "session", "nonsense"} {
		w.accept(t, as, i.Token).refused(t, 404, tenancy.CodeNotFound)
	}
	caller.Store(ada.ID)
	w.accept(t, "key", i.Token).refused(t, 404, tenancy.CodeNotFound)
	got := read[acceptedSeen](t, w.accept(t, "session", i.Token).ok(t, 200))
	assert.Equal(t, ada, got.User)

	me := read[map[string]any](t, w.do(t, ask{as: "session", path: "/api/v1/me"}).ok(t, 200))
	assert.Equal(t, "ada@example.com", me["email"])
	assert.NotContains(t, read[map[string]any](t, w.do(t, ask{as: "root", path: "/api/v1/me"}).
		ok(t, 200)), "email")
}

func TestOneOfManyAcceptsWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.invite(t, "acme-admin", "bob@example.com", "viewer")
	answers := make(chan int, 20)
	for range cap(answers) {
		go func() {
			answers <- w.send(t, ask{method: "POST", path: acceptPath,
				body: `{"token":"` + i.Token + `"}`}).status
		}()
	}
	counts := map[int]int{}
	for range cap(answers) {
		counts[<-answers]++
	}
	assert.Equal(t, map[int]int{200: 1, 404: 19}, counts)
	assert.Len(t, w.pages(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/members"}, "email"),
		1)
}
