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

type user struct {
	ID, Email, Name string
	SuperAdmin      bool `json:"super_admin"`
}

type member struct {
	UserID string `json:"user_id"`
	Email  string
	Role   string
}

type invitation struct {
	ID, Email, Role, Token, URL string
	ExpiresAt                   string `json:"expires_at"`
}

type acceptance struct {
	Tenant struct{ ID, Slug, Name string }
	Role   string
	User   user
}

const (
	usersPath  = "/api/v1/users"
	acceptPath = "/api/v1/invitations/accept"
)

func createUser(t *testing.T, w *Registry, email string) user {
	t.Helper()
	return Decode[user](t,
		w.Do(t, Request{As: "root", Method: "POST", Path: usersPath, Body: `{"email":"` + email +
			`","name":"N"}`}).Want(t, 201))
}

func invite(t *testing.T, w *Registry, as, email, role string) invitation {
	t.Helper()
	body := `{"email":"` + email + `","role":"` + role + `"}`
	tenant, _, _ := strings.Cut(as, "-")
	return Decode[invitation](t,
		w.Do(t, Request{As: as, Method: "POST", Path: "/api/v1/tenants/" + tenant + "/invitations",
			Body: body}).Want(t, 201))
}

func acceptInvitation(t *testing.T, w *Registry, as, token string) Response {
	t.Helper()
	return w.Do(t, Request{As: as, Method: "POST", Path: acceptPath, Body: `{"token":"` + token + `"}`})
}

// callUserOperations calls each operation on people with success.
func callUserOperations(t *testing.T, w *Registry) {
	t.Helper()
	ada := createUser(t, w, "Ada@Example.com")
	assert.Equal(t, "ada@example.com", ada.Email)
	w.Do(t, Request{As: "root", Path: usersPath}).Want(t, 200)
	w.Do(t, Request{As: "root", Path: usersPath + "/" + ada.ID}).Want(t, 200)
	changed := Decode[user](t,
		w.Do(t, Request{As: "root", Method: "PUT", Path: usersPath + "/" + ada.ID,
			Body: `{"name":"Ada","super_admin":true}`}).Want(t, 200))
	assert.Equal(t, user{ID: ada.ID, Email: ada.Email, Name: "Ada", SuperAdmin: true}, changed)

	const members = "/api/v1/tenants/acme/members"
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: members + "/" + ada.ID,
		Body: `{"role":"viewer"}`}).Want(t, 201)
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: members + "/" + ada.ID,
		Body: `{"role":"editor"}`}).Want(t, 200)
	w.Do(t, Request{As: "acme-admin", Path: members}).Want(t, 200)
	assert.Equal(t, member{ada.ID, ada.Email, "editor"},
		Decode[member](t, w.Do(t, Request{As: "acme-admin", Path: members + "/" + ada.ID}).
			Want(t, 200)))
	w.Do(t, Request{As: "acme-admin", Method: "DELETE", Path: members + "/" + ada.ID}).Want(t, 204)

	i := invite(t, w, "acme-admin", "bob@example.com", "viewer")
	w.Do(t, Request{As: "acme-admin", Path: "/api/v1/tenants/acme/invitations"}).Want(t, 200)
	w.Do(t, Request{As: "acme-admin", Method: "DELETE", Path: "/api/v1/tenants/acme/invitations/" +
		i.ID}).Want(t, 204)
	i = invite(t, w, "acme-admin", "bob@example.com", "viewer")
	bob := Decode[acceptance](t, acceptInvitation(t, w, "", i.Token).Want(t, 200))
	assert.Equal(t, "acme", bob.Tenant.Slug)
	w.Do(t, Request{As: "root", Method: "DELETE", Path: usersPath + "/" + bob.User.ID}).Want(t, 204)
}

func TestUsersAreForSuperAdmins(t *testing.T) {
	t.Parallel()
	w := New(t)
	ada := createUser(t, w, "ada@example.com")
	for _, as := range []string{"acme-admin", "acme-editor", "acme-viewer", "acme-replicator"} {
		for _, a := range []Request{
			{Path: usersPath}, {Path: usersPath + "/" + ada.ID},
			{Method: "DELETE", Path: usersPath + "/" + ada.ID},
			{Method: "POST", Path: usersPath,
				Body: `{"email":"eve@example.com","name":"Eve","super_admin":true}`},
			{Method: "PUT", Path: usersPath + "/" + ada.ID, Body: `{"super_admin":true}`},
		} {
			a.As = as
			w.Do(t, a).WantProblem(t, 403, tenancy.CodeForbidden)
		}
	}
	assert.Equal(t, ada, Decode[user](t, w.Do(t, Request{As: "root", Path: usersPath + "/" + ada.ID}).
		Want(t, 200)))
	assert.Len(t, w.Pages(t, Request{As: "root", Path: usersPath}, "email"), 1)
}

func TestWhatAUserCantBe(t *testing.T) {
	t.Parallel()
	w := New(t)
	ada := createUser(t, w, "ada@example.com")
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
		p := w.Do(t, Request{As: "root", Method: "POST", Path: usersPath, Body: body}).
			WantProblem(t, 422, tenancy.CodeInvalid)
		require.NotEmpty(t, p.Errors, body)
		assert.Equal(t, at, p.Errors[0].Path, body)
		assert.NotContains(t, p.Detail, "secret")
	}
	w.Do(t, Request{As: "root", Method: "POST", Path: usersPath,
		Body: `{"email":"ADA@example.com","name":"N"}`}).WantProblem(t, 409, tenancy.CodeAlreadyExists)
	w.Do(t, Request{As: "root", Method: "POST", Path: usersPath,
		Body: `{"email":"b@example.com","name":"N","id":"` + ada.ID + `"}`}).
		WantProblem(t, 422, tenancy.CodeUnknownField)
	for _, id := range []string{tenancy.NewID().String(), "nobody"} {
		w.Do(t, Request{As: "root", Path: usersPath + "/" + id}).WantProblem(t, 404, tenancy.CodeNotFound)
		w.Do(t, Request{As: "root", Method: "PUT", Path: usersPath + "/" + id, Body: `{}`}).
			WantProblem(t, 404, tenancy.CodeNotFound)
		w.Do(t, Request{As: "root", Method: "DELETE", Path: usersPath + "/" + id}).
			WantProblem(t, 404, tenancy.CodeNotFound)
	}
	assert.Len(t, w.Pages(t, Request{As: "root", Path: usersPath}, "email"), 1)
}

func TestPeopleAreListedPageByPage(t *testing.T) {
	t.Parallel()
	w := New(t)
	for _, name := range []string{"d", "b", "a", "c", "e"} {
		u := createUser(t, w, name+"@example.com")
		w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: "/api/v1/tenants/acme/members/" + u.ID,
			Body: `{"role":"admin"}`}).Want(t, 201)
		invite(t, w, "acme-admin", name+"@elsewhere.test", "viewer")
	}
	assert.Equal(t, []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com"},
		w.Pages(t, Request{As: "root", Path: usersPath + "?limit=2"}, "email"))
	assert.Len(t, w.Pages(t, Request{As: "acme-admin", Path: "/api/v1/tenants/acme/members?limit=2"},
		"email"), 5)
	assert.Equal(t, []string{"d@elsewhere.test", "b@elsewhere.test", "a@elsewhere.test",
		"c@elsewhere.test", "e@elsewhere.test"},
		w.Pages(t, Request{As: "acme-admin", Path: "/api/v1/tenants/acme/invitations?limit=2"},
			"email"))
	assert.Empty(t, w.Pages(t, Request{As: "beta-admin", Path: "/api/v1/tenants/beta/members"},
		"email"))
	assert.Empty(t, w.Pages(t, Request{As: "beta-admin", Path: "/api/v1/tenants/beta/invitations"},
		"email"))
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	w := New(t)
	ada, bob := createUser(t, w, "ada@example.com"), createUser(t, w, "bob@example.com")
	one := func(u user) string { return "/api/v1/tenants/acme/members/" + u.ID }
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: one(ada), Body: `{"role":"admin"}`}).
		Want(t, 201)
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: one(bob), Body: `{"role":"editor"}`}).
		Want(t, 201)
	for _, as := range []string{"acme-admin", "root"} {
		w.Do(t, Request{As: as, Method: "DELETE", Path: one(ada)}).
			WantProblem(t, 409, tenancy.CodeLastAdmin)
		w.Do(t, Request{As: as, Method: "PUT", Path: one(ada), Body: `{"role":"editor"}`}).
			WantProblem(t, 409, tenancy.CodeLastAdmin)
	}
	g := w.Do(t, Request{As: "root", Method: "DELETE", Path: usersPath + "/" + ada.ID})
	g.WantProblem(t, 409, tenancy.CodeLastAdmin)
	assert.Contains(t, string(g.Body), w.Tenants["acme"].ID.String())
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: one(bob), Body: `{"role":"admin"}`}).
		Want(t, 200)
	w.Do(t, Request{As: "root", Method: "DELETE", Path: usersPath + "/" + ada.ID}).Want(t, 204)
	w.Do(t, Request{As: "acme-admin", Path: one(ada)}).WantProblem(t, 404, tenancy.CodeNotFound)
}

// TestATenantAdminLearnsNothingOfUsersElsewhere probes with ids and addresses of
// people that there are and that there aren't.
func TestATenantAdminLearnsNothingOfUsersElsewhere(t *testing.T) {
	t.Parallel()
	w := New(t)
	ada := createUser(t, w, "ada@example.com")
	w.Do(t, Request{As: "beta-admin", Method: "PUT", Path: "/api/v1/tenants/beta/members/" + ada.ID,
		Body: `{"role":"admin"}`}).Want(t, 201)

	same := map[string]string{"X-Request-ID": "same"}
	const members = "/api/v1/tenants/acme/members/"
	for _, method := range []string{"GET", "DELETE"} {
		known := w.Do(t, Request{As: "acme-admin", Method: method, Path: members + ada.ID,
			Header: same})
		for _, id := range []string{tenancy.NewID().String(), "nobody", "ada@example.com",
			"ada%40example.com"} {
			g := w.Do(t, Request{As: "acme-admin", Method: method, Path: members + id, Header: same})
			g.WantProblem(t, 404, tenancy.CodeNotFound)
			assert.Equal(t, string(known.Body), string(g.Body))
		}
	}
	for _, id := range []string{"ada@example.com", "eve@example.com", tenancy.NewID().String()} {
		w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: members + id, Body: `{"role":"viewer"}`,
			Header: same}).WantProblem(t, 404, tenancy.CodeNotFound)
	}
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		body := `{"email":"` + email + `","role":"viewer","expires_in":3600}`
		g := w.Do(t, Request{As: "acme-admin", Method: "POST", Path: "/api/v1/tenants/acme/invitations",
			Body: body, Header: same}).Want(t, 201)
		i := Decode[map[string]any](t, g)
		assert.Equal(t, email, i["email"])
		assert.Len(t, i, 7)
	}
}

func TestATenantAdminCantMakeMoreOfThemselves(t *testing.T) {
	t.Parallel()
	w := NewWithUsers(t)
	const mallory = "user:admin@acme"
	for _, a := range []Request{
		{Method: "PUT", Path: "/api/v1/tenants/beta/members/" + tenancy.NewID().String(),
			Body: `{"role":"admin"}`},
		{Method: "DELETE", Path: "/api/v1/tenants/beta/members/" + tenancy.NewID().String()},
		{Path: "/api/v1/tenants/beta/members"},
		{Method: "POST", Path: "/api/v1/tenants/beta/invitations",
			Body: `{"email":"m@example.com","role":"admin"}`},
		{Path: "/api/v1/tenants/beta/invitations"},
		{Method: "DELETE", Path: "/api/v1/tenants/beta/invitations/" + tenancy.NewID().String()},
	} {
		a.As = mallory
		w.Do(t, a).WantProblem(t, 404, tenancy.CodeTenantNotFound)
		a.Tenant = "acme"
		w.Do(t, a).WantProblem(t, 400, tenancy.CodeTenantMismatch)
	}
	for _, body := range []string{`{"role":"super_admin"}`, `{"role":"owner"}`,
		`{"role":"replicator"}`, `{"role":""}`} {
		w.Do(t, Request{As: mallory, Method: "PUT", Path: "/api/v1/tenants/acme/members/" +
			tenancy.NewID().String(), Body: body}).WantProblem(t, 422, tenancy.CodeInvalid)
	}
	for _, body := range []string{
		`{"role":"admin","super_admin":true}`, `{"role":"admin","tenant":"beta"}`,
		`{"role":"admin","tenant_id":"` + w.Tenants["beta"].ID.String() + `"}`,
	} {
		w.Do(t, Request{As: mallory, Method: "PUT", Path: "/api/v1/tenants/acme/members/" +
			tenancy.NewID().String(), Body: body}).WantProblem(t, 422, tenancy.CodeUnknownField)
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
		w.Do(t, Request{As: mallory, Method: "POST", Path: "/api/v1/tenants/acme/invitations",
			Body: body}).WantProblem(t, 422, code)
	}
	for _, role := range []string{"editor", "viewer", "replicator"} {
		for _, a := range []Request{
			{Path: "/api/v1/tenants/acme/members"}, {Path: "/api/v1/tenants/acme/invitations"},
			{Method: "PUT", Path: "/api/v1/tenants/acme/members/" + tenancy.NewID().String(),
				Body: `{"role":"admin"}`},
			{Method: "POST", Path: "/api/v1/tenants/acme/invitations",
				Body: `{"email":"m@example.com","role":"viewer"}`},
		} {
			a.As = "user:" + role + "@acme"
			w.Do(t, a).WantProblem(t, 403, tenancy.CodeForbidden)
		}
	}
}

func TestAnInvitationIsALinkForOnePersonOnce(t *testing.T) {
	t.Parallel()
	w := New(t)
	i := invite(t, w, "acme-admin", "Bob@Example.com", "editor")
	assert.Equal(t, "bob@example.com", i.Email)
	assert.Equal(t, "/invitations/accept#"+i.Token, i.URL)
	listed := w.Do(t, Request{As: "acme-admin", Path: "/api/v1/tenants/acme/invitations"}).Want(t, 200)
	assert.NotContains(t, string(listed.Body), i.Token)
	assert.NotContains(t, string(listed.Body), "token")

	got := Decode[acceptance](t, acceptInvitation(t, w, "", i.Token).Want(t, 200))
	assert.Equal(t, "acme", got.Tenant.Slug)
	assert.Equal(t, "editor", got.Role)
	assert.Equal(t, user{ID: got.User.ID, Email: "bob@example.com", Name: "bob"}, got.User)
	stored, err := w.Services.Users.Get(t.Context(), got.User.ID)
	require.NoError(t, err)
	assert.False(t, stored.SuperAdmin)
	acceptInvitation(t, w, "", i.Token).WantProblem(t, 404, tenancy.CodeNotFound)
	assert.Empty(t, w.Pages(t, Request{As: "acme-admin", Path: "/api/v1/tenants/acme/invitations"},
		"email"))
}

func TestAllDeadInvitationsLookTheSame(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := New(t, func(o *httpapi.Options) {
		o.Clock = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	})
	createUser(t, w, "here@example.com")
	tokens := map[string]string{
		"unknown": tenancy.NewInvitationToken(), "no token": "x", "empty": "",
		"an API key": w.Tokens["acme-admin"], "the platform's token": PlatformToken,
		"of somebody who has an account": invite(t, w, "acme-admin", "here@example.com", "viewer").
			Token,
	}
	used := invite(t, w, "acme-admin", "used@example.com", "viewer")
	acceptInvitation(t, w, "", used.Token).Want(t, 200)
	tokens["used"] = used.Token
	revoked := invite(t, w, "acme-admin", "revoked@example.com", "viewer")
	w.Do(t, Request{As: "acme-admin", Method: "DELETE", Path: "/api/v1/tenants/acme/invitations/" +
		revoked.ID}).Want(t, 204)
	tokens["revoked"] = revoked.Token
	replaced := invite(t, w, "acme-admin", "twice@example.com", "viewer")
	invite(t, w, "acme-admin", "twice@example.com", "viewer")
	tokens["replaced"] = replaced.Token
	tokens["of a suspended tenant"] = invite(t, w, "beta-admin", "asleep@example.com", "viewer").
		Token
	w.Suspend(t, "beta")
	w.AddTenant(t, "gone")
	tokens["of a deleted tenant"] = invite(t, w, "gone-admin", "gone@example.com", "viewer").Token
	w.DeleteTenant(t, "gone")
	key := Decode[apiKey](t, w.Do(t,
		Request{As: "acme-admin", Method: "POST", Path: "/api/v1/tenants/acme/keys",
			Body: `{"name":"k","role":"admin"}`}).Want(t, 201))
	w.Tokens["acme-short"] = key.Secret
	tokens["of a revoked key"] = invite(t, w, "acme-short", "key@example.com", "admin").Token
	w.Do(t, Request{As: "acme-admin", Method: "DELETE", Path: "/api/v1/tenants/acme/keys/" + key.ID}).
		Want(t, 204)
	expired := Decode[invitation](t,
		w.Do(t, Request{As: "acme-admin", Method: "POST", Path: "/api/v1/tenants/acme/invitations",
			Body: `{"email":"late@example.com","role":"viewer","expires_in":60}`}).Want(t, 201))
	assert.Equal(t, "2030-01-01T00:01:00.000000Z", expired.ExpiresAt)
	passed.Store(int64(time.Minute))
	tokens["expired"] = expired.Token

	var first string
	for name, token := range tokens {
		for _, as := range []string{"", "acme-admin", "root", "Bearer bwk_unknown"} {
			g := w.Do(t, Request{As: as, Method: "POST", Path: acceptPath, Body: `{"token":"` + token +
				`"}`, Header: map[string]string{"X-Request-ID": "same"}})
			g.WantProblem(t, 404, tenancy.CodeNotFound)
			if first == "" {
				first = string(g.Body)
			}
			assert.Equal(t, first, string(g.Body), "%s as %q", name, as)
		}
	}
	acceptInvitation(t, w, "", "x'; DROP TABLE bailiwick.invitations; --").
		WantProblem(t, 404, tenancy.CodeNotFound)
	w.Do(t, Request{Method: "POST", Path: acceptPath, Body: `{"token":"x","role":"admin"}`}).
		WantProblem(t, 422, tenancy.CodeUnknownField)
	w.Do(t, Request{Method: "POST", Path: acceptPath,
		Body: `{"token":"x","email":"other@example.com"}`}).
		WantProblem(t, 422, tenancy.CodeUnknownField)
}

func TestWhoHasAnAccountAcceptsSignedInAsIt(t *testing.T) {
	t.Parallel()
	var w *Registry
	var caller atomic.Value // the signed-in user's id
	w = New(t, func(o *httpapi.Options) {
		o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
			switch r.Header.Get("Authorization") {
			case "Bearer " + PlatformToken:
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
	ada, eve := createUser(t, w, "ada@example.com"), createUser(t, w, "eve@example.com")
	i := Decode[invitation](t,
		w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants/acme/invitations",
			Body: `{"email":"ada@example.com","role":"admin"}`}).Want(t, 201))
	caller.Store(eve.ID)
	for _, as := range []string{"", "root", "session", "nonsense"} {
		acceptInvitation(t, w, as, i.Token).WantProblem(t, 404, tenancy.CodeNotFound)
	}
	caller.Store(ada.ID)
	acceptInvitation(t, w, "key", i.Token).WantProblem(t, 404, tenancy.CodeNotFound)
	got := Decode[acceptance](t, acceptInvitation(t, w, "session", i.Token).Want(t, 200))
	assert.Equal(t, ada, got.User)

	me := Decode[map[string]any](t, w.Do(t, Request{As: "session", Path: "/api/v1/me"}).Want(t, 200))
	assert.Equal(t, "ada@example.com", me["email"])
	assert.NotContains(t, Decode[map[string]any](t, w.Do(t, Request{As: "root", Path: "/api/v1/me"}).
		Want(t, 200)), "email")
}

func TestOneOfManyAcceptsWins(t *testing.T) {
	t.Parallel()
	w := New(t)
	i := invite(t, w, "acme-admin", "bob@example.com", "viewer")
	answers := make(chan int, 20)
	for range cap(answers) {
		go func() {
			answers <- w.Send(t, Request{Method: "POST", Path: acceptPath,
				Body: `{"token":"` + i.Token + `"}`}).Status
		}()
	}
	counts := map[int]int{}
	for range cap(answers) {
		counts[<-answers]++
	}
	assert.Equal(t, map[int]int{200: 1, 404: 19}, counts)
	assert.Len(t, w.Pages(t, Request{As: "acme-admin", Path: "/api/v1/tenants/acme/members"}, "email"),
		1)
}
