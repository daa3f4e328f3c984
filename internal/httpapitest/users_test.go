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
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
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

func createUser(t *testing.T, reg *apitest.Registry, email string) user {
	t.Helper()
	return apitest.Decode[user](t,
		reg.Do(t, apitest.Post("root", usersPath, `{"email":"`+email+`","name":"N"}`)).Want(t, 201))
}

func invite(t *testing.T, reg *apitest.Registry, as, email, role string) invitation {
	t.Helper()
	body := `{"email":"` + email + `","role":"` + role + `"}`
	tenant, _, _ := strings.Cut(as, "-")
	return apitest.Decode[invitation](t,
		reg.Do(t, apitest.Post(as, "/api/v1/tenants/"+tenant+"/invitations", body)).Want(t, 201))
}

func acceptInvitation(t *testing.T, reg *apitest.Registry, as, token string) apitest.Response {
	t.Helper()
	return reg.Do(t, apitest.Post(as, acceptPath,
		`{"token":"`+token+`","password":"correct horse battery"}`))
}

// callUserOperations calls each operation on users, members and invitations
// successfully.
func callUserOperations(t *testing.T, reg *apitest.Registry) {
	t.Helper()
	ada := createUser(t, reg, "Ada@Example.com")
	assert.Equal(t, "ada@example.com", ada.Email)
	reg.Do(t, apitest.Get("root", usersPath)).Want(t, 200)
	reg.Do(t, apitest.Get("root", usersPath+"/"+ada.ID)).Want(t, 200)
	changed := apitest.Decode[user](t,
		reg.Do(t, apitest.Put("root", usersPath+"/"+ada.ID, `{"name":"Ada","super_admin":true}`)).
			Want(t, 200))
	assert.Equal(t, user{ID: ada.ID, Email: ada.Email, Name: "Ada", SuperAdmin: true}, changed)

	const members = "/api/v1/tenants/acme/members"
	reg.Do(t, apitest.Put("root", members+"/"+ada.ID, `{"role":"viewer"}`)).Want(t, 201)
	reg.Do(t, apitest.Put("acme-admin", members+"/"+ada.ID, `{"role":"editor"}`)).Want(t, 200)
	reg.Do(t, apitest.Get("acme-admin", members)).Want(t, 200)
	assert.Equal(t, member{ada.ID, ada.Email, "editor"},
		apitest.Decode[member](t, reg.Do(t, apitest.Get("acme-admin", members+"/"+ada.ID)).
			Want(t, 200)))
	reg.Do(t, apitest.Delete("acme-admin", members+"/"+ada.ID)).Want(t, 204)

	i := invite(t, reg, "acme-admin", "bob@example.com", "viewer")
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/invitations")).Want(t, 200)
	reg.Do(t, apitest.Delete("acme-admin", "/api/v1/tenants/acme/invitations/"+i.ID)).Want(t, 204)
	i = invite(t, reg, "acme-admin", "bob@example.com", "viewer")
	bob := apitest.Decode[acceptance](t, acceptInvitation(t, reg, "", i.Token).Want(t, 200))
	assert.Equal(t, "acme", bob.Tenant.Slug)
	reg.Do(t, apitest.Delete("root", usersPath+"/"+bob.User.ID)).Want(t, 204)
}

func TestUsersAreForSuperAdminsOnly(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	ada := createUser(t, reg, "ada@example.com")
	for _, as := range []string{"acme-admin", "acme-editor", "acme-viewer", "acme-replicator"} {
		for _, req := range []apitest.Request{
			{Path: usersPath}, {Path: usersPath + "/" + ada.ID},
			{Method: "DELETE", Path: usersPath + "/" + ada.ID},
			{Method: "POST", Path: usersPath,
				Body: `{"email":"eve@example.com","name":"Eve","super_admin":true}`},
			{Method: "PUT", Path: usersPath + "/" + ada.ID, Body: `{"super_admin":true}`},
		} {
			req.As = as
			reg.Do(t, req).WantProblem(t, 403, tenancy.CodeForbidden)
		}
	}
	assert.Equal(t, ada, apitest.Decode[user](t,
		reg.Do(t, apitest.Get("root", usersPath+"/"+ada.ID)).Want(t, 200)))
	assert.Len(t, reg.Pages(t, apitest.Get("root", usersPath), "email"), 1)
}

func TestInvalidUserIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	ada := createUser(t, reg, "ada@example.com")
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
		p := reg.Do(t, apitest.Post("root", usersPath, body)).
			WantProblem(t, 422, tenancy.CodeInvalid)
		require.NotEmpty(t, p.Errors, body)
		assert.Equal(t, at, p.Errors[0].Path, body)
		assert.NotContains(t, p.Detail, "secret")
	}
	reg.Do(t, apitest.Post("root", usersPath, `{"email":"ADA@example.com","name":"N"}`)).
		WantProblem(t, 409, tenancy.CodeAlreadyExists)
	reg.Do(t, apitest.Post("root", usersPath, `{"email":"b@example.com","name":"N","id":"`+ada.ID+
		`"}`)).WantProblem(t, 422, tenancy.CodeUnknownField)
	for _, id := range []string{tenancy.NewID().String(), "unknown"} {
		reg.Do(t, apitest.Get("root", usersPath+"/"+id)).WantProblem(t, 404, tenancy.CodeNotFound)
		reg.Do(t, apitest.Put("root", usersPath+"/"+id, `{}`)).
			WantProblem(t, 404, tenancy.CodeNotFound)
		reg.Do(t, apitest.Delete("root", usersPath+"/"+id)).
			WantProblem(t, 404, tenancy.CodeNotFound)
	}
	assert.Len(t, reg.Pages(t, apitest.Get("root", usersPath), "email"), 1)
}

func TestUsersMembersAndInvitationsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, name := range []string{"d", "b", "a", "c", "e"} {
		u := createUser(t, reg, name+"@example.com")
		reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme/members/"+u.ID,
			`{"role":"admin"}`)).Want(t, 201)
		invite(t, reg, "acme-admin", name+"@elsewhere.test", "viewer")
	}
	assert.Equal(t, []string{"a@example.com", "b@example.com", "c@example.com", "d@example.com",
		"e@example.com"},
		reg.Pages(t, apitest.Get("root", usersPath+"?limit=2"), "email"))
	assert.Len(t, reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/members?limit=2"),
		"email"), 5)
	assert.Equal(t, []string{"d@elsewhere.test", "b@elsewhere.test", "a@elsewhere.test",
		"c@elsewhere.test", "e@elsewhere.test"},
		reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/invitations?limit=2"),
			"email"))
	assert.Empty(t, reg.Pages(t, apitest.Get("beta-admin", "/api/v1/tenants/beta/members"),
		"email"))
	assert.Empty(t, reg.Pages(t, apitest.Get("beta-admin", "/api/v1/tenants/beta/invitations"),
		"email"))
}

func TestLastAdminCannotBeRemoved(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	ada, bob := createUser(t, reg, "ada@example.com"), createUser(t, reg, "bob@example.com")
	one := func(u user) string { return "/api/v1/tenants/acme/members/" + u.ID }
	reg.Do(t, apitest.Put("root", one(ada), `{"role":"admin"}`)).Want(t, 201)
	reg.Do(t, apitest.Put("root", one(bob), `{"role":"editor"}`)).Want(t, 201)
	for _, as := range []string{"acme-admin", "root"} {
		reg.Do(t, apitest.Delete(as, one(ada))).WantProblem(t, 409, tenancy.CodeLastAdmin)
		reg.Do(t, apitest.Put(as, one(ada), `{"role":"editor"}`)).
			WantProblem(t, 409, tenancy.CodeLastAdmin)
	}
	res := reg.Do(t, apitest.Delete("root", usersPath+"/"+ada.ID))
	res.WantProblem(t, 409, tenancy.CodeLastAdmin)
	assert.Contains(t, string(res.Body), reg.Tenants["acme"].ID.String())
	reg.Do(t, apitest.Put("acme-admin", one(bob), `{"role":"admin"}`)).Want(t, 200)
	reg.Do(t, apitest.Delete("root", usersPath+"/"+ada.ID)).Want(t, 204)
	reg.Do(t, apitest.Get("acme-admin", one(ada))).WantProblem(t, 404, tenancy.CodeNotFound)
}

// TestTenantAdminCannotProbeForeignUsers compares the responses for existing and for
// unknown users of other tenants.
func TestTenantAdminCannotProbeForeignUsers(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	ada := createUser(t, reg, "ada@example.com")
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/beta/members/"+ada.ID,
		`{"role":"admin"}`)).Want(t, 201)

	same := map[string]string{"X-Request-ID": "same"}
	const members = "/api/v1/tenants/acme/members/"
	bodies := map[string]string{"PUT": `{"role":"viewer"}`}
	for _, method := range []string{"GET", "DELETE", "PUT"} {
		known := reg.Do(t, apitest.Request{As: "acme-admin", Method: method, Path: members + ada.ID,
			Header: same, Body: bodies[method]})
		for _, id := range []string{tenancy.NewID().String(), "unknown", "ada@example.com",
			"ada%40example.com"} {
			res := reg.Do(t, apitest.Request{As: "acme-admin", Method: method, Path: members + id,
				Header: same, Body: bodies[method]})
			res.WantProblem(t, 404, tenancy.CodeNotFound)
			assert.Equal(t, string(known.Body), string(res.Body))
		}
	}
	assert.Empty(t, reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/members"), "email"))
	for _, email := range []string{"ada@example.com", "eve@example.com"} {
		body := `{"email":"` + email + `","role":"viewer","expires_in":3600}`
		res := reg.Do(t, apitest.Request{As: "acme-admin", Method: "POST",
			Path: "/api/v1/tenants/acme/invitations",
			Body: body, Header: same}).Want(t, 201)
		i := apitest.Decode[map[string]any](t, res)
		assert.Equal(t, email, i["email"])
		assert.Len(t, i, 7)
	}
}

func TestTenantAdminCannotEscalate(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	const mallory = "user:admin@acme"
	for _, req := range []apitest.Request{
		{Method: "PUT", Path: "/api/v1/tenants/beta/members/" + tenancy.NewID().String(),
			Body: `{"role":"admin"}`},
		{Method: "DELETE", Path: "/api/v1/tenants/beta/members/" + tenancy.NewID().String()},
		{Path: "/api/v1/tenants/beta/members"},
		{Method: "POST", Path: "/api/v1/tenants/beta/invitations",
			Body: `{"email":"m@example.com","role":"admin"}`},
		{Path: "/api/v1/tenants/beta/invitations"},
		{Method: "DELETE", Path: "/api/v1/tenants/beta/invitations/" + tenancy.NewID().String()},
	} {
		req.As = mallory
		reg.Do(t, req).WantProblem(t, 404, tenancy.CodeTenantNotFound)
		req.Tenant = "acme"
		reg.Do(t, req).WantProblem(t, 400, tenancy.CodeTenantMismatch)
	}
	for _, body := range []string{`{"role":"super_admin"}`, `{"role":"owner"}`,
		`{"role":"replicator"}`, `{"role":""}`} {
		reg.Do(t, apitest.Put(mallory, "/api/v1/tenants/acme/members/"+tenancy.NewID().String(),
			body)).WantProblem(t, 422, tenancy.CodeInvalid)
	}
	for _, body := range []string{
		`{"role":"admin","super_admin":true}`, `{"role":"admin","tenant":"beta"}`,
		`{"role":"admin","tenant_id":"` + reg.Tenants["beta"].ID.String() + `"}`,
	} {
		reg.Do(t, apitest.Put(mallory, "/api/v1/tenants/acme/members/"+tenancy.NewID().String(),
			body)).WantProblem(t, 422, tenancy.CodeUnknownField)
	}
	for members, code := range map[string]tenancy.Code{
		`"role":"super_admin"`:                         tenancy.CodeInvalid,
		`"role":"replicator"`:                          tenancy.CodeInvalid,
		`"role":"admin","super_admin":true`:            tenancy.CodeUnknownField,
		`"role":"admin","expires_in":0`:                tenancy.CodeInvalid,
		`"role":"admin","expires_in":-1`:               tenancy.CodeInvalid,
		`"role":"admin","expires_in":2592001`:          tenancy.CodeInvalid,
		`"role":"admin","expires_in":9007199254740991`: tenancy.CodeInvalid,
		`"role":"admin","expires_in":"1h"`:             tenancy.CodeInvalid,
	} {
		body := `{"email":"m@example.com",` + members + `}`
		reg.Do(t, apitest.Post(mallory, "/api/v1/tenants/acme/invitations", body)).
			WantProblem(t, 422, code)
	}
	for _, role := range []string{"editor", "viewer", "replicator"} {
		for _, req := range []apitest.Request{
			{Path: "/api/v1/tenants/acme/members"}, {Path: "/api/v1/tenants/acme/invitations"},
			{Method: "PUT", Path: "/api/v1/tenants/acme/members/" + tenancy.NewID().String(),
				Body: `{"role":"admin"}`},
			{Method: "POST", Path: "/api/v1/tenants/acme/invitations",
				Body: `{"email":"m@example.com","role":"viewer"}`},
		} {
			req.As = "user:" + role + "@acme"
			reg.Do(t, req).WantProblem(t, 403, tenancy.CodeForbidden)
		}
	}
}

func TestInvitationIsAcceptedOnce(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	i := invite(t, reg, "acme-admin", "Bob@Example.com", "editor")
	assert.Equal(t, "bob@example.com", i.Email)
	assert.Equal(t, "/invitations/accept#"+i.Token, i.URL)
	listed := reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/invitations")).Want(t, 200)
	assert.NotContains(t, string(listed.Body), i.Token)
	assert.NotContains(t, string(listed.Body), "token")

	got := apitest.Decode[acceptance](t, acceptInvitation(t, reg, "", i.Token).Want(t, 200))
	assert.Equal(t, "acme", got.Tenant.Slug)
	assert.Equal(t, "editor", got.Role)
	assert.Equal(t, user{ID: got.User.ID, Email: "bob@example.com", Name: "bob"}, got.User)
	stored, err := reg.Services.Users.Get(t.Context(), got.User.ID)
	require.NoError(t, err)
	assert.False(t, stored.SuperAdmin)
	acceptInvitation(t, reg, "", i.Token).WantProblem(t, 404, tenancy.CodeNotFound)
	assert.Empty(t, reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/invitations"),
		"email"))
}

func TestInvalidInvitationsLookTheSame(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	reg := apitest.New(t, func(o *httpapi.Options) {
		o.Clock = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	})
	createUser(t, reg, "here@example.com")
	tokens := map[string]string{
		"unknown": tenancy.NewInvitationToken(), "no token": "x", "empty": "",
		"an API key": reg.Tokens["acme-admin"], "the platform's token": apitest.PlatformToken,
		"for an existing user": invite(t, reg, "acme-admin", "here@example.com",
			"viewer").
			Token,
	}
	used := invite(t, reg, "acme-admin", "used@example.com", "viewer")
	acceptInvitation(t, reg, "", used.Token).Want(t, 200)
	tokens["used"] = used.Token
	revoked := invite(t, reg, "acme-admin", "revoked@example.com", "viewer")
	reg.Do(t, apitest.Delete("acme-admin", "/api/v1/tenants/acme/invitations/"+revoked.ID)).
		Want(t, 204)
	tokens["revoked"] = revoked.Token
	replaced := invite(t, reg, "acme-admin", "twice@example.com", "viewer")
	invite(t, reg, "acme-admin", "twice@example.com", "viewer")
	tokens["replaced"] = replaced.Token
	tokens["of a suspended tenant"] = invite(t, reg, "beta-admin", "asleep@example.com", "viewer").
		Token
	reg.Suspend(t, "beta")
	reg.AddTenant(t, "gone")
	tokens["of a deleted tenant"] = invite(t, reg, "gone-admin", "gone@example.com", "viewer").Token
	reg.DeleteTenant(t, "gone")
	key := apitest.Decode[ApiKey](t,
		reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
			`{"name":"k","role":"admin"}`)).Want(t, 201))
	reg.Tokens["acme-short"] = key.Secret
	tokens["of a revoked key"] = invite(t, reg, "acme-short", "key@example.com", "admin").Token
	reg.Do(t, apitest.Delete("acme-admin", "/api/v1/tenants/acme/keys/"+key.ID)).Want(t, 204)
	expired := apitest.Decode[invitation](t,
		reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/invitations",
			`{"email":"late@example.com","role":"viewer","expires_in":60}`)).Want(t, 201))
	assert.Equal(t, "2030-01-01T00:01:00.000000Z", expired.ExpiresAt)
	passed.Store(int64(time.Minute))
	tokens["expired"] = expired.Token

	var first string
	for name, token := range tokens {
		for _, as := range []string{"", "acme-admin", "root", "Bearer bwk_unknown"} {
			res := reg.Do(t, apitest.Request{As: as, Method: "POST", Path: acceptPath,
				Body: `{"token":"` + token +
					`"}`, Header: map[string]string{"X-Request-ID": "same"}})
			res.WantProblem(t, 404, tenancy.CodeNotFound)
			if first == "" {
				first = string(res.Body)
			}
			assert.Equal(t, first, string(res.Body), "%s as %q", name, as)
		}
	}
	acceptInvitation(t, reg, "", "x'; DROP TABLE bailiwick.invitations; --").
		WantProblem(t, 404, tenancy.CodeNotFound)
	reg.Do(t, apitest.Post("", acceptPath, `{"token":"x","role":"admin"}`)).
		WantProblem(t, 422, tenancy.CodeUnknownField)
	reg.Do(t, apitest.Post("", acceptPath, `{"token":"x","email":"other@example.com"}`)).
		WantProblem(t, 422, tenancy.CodeUnknownField)
}

func TestExistingUserAcceptsOnlySignedIn(t *testing.T) {
	t.Parallel()
	var reg *apitest.Registry
	var caller atomic.Value // the signed-in user's id
	reg = apitest.New(t, func(o *httpapi.Options) {
		o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
			switch r.Header.Get("Authorization") {
			case "Bearer " + apitest.PlatformToken:
				return tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}, nil
			case "session":
				return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: caller.Load().(string)},
					nil
			case "key": // the id is the user's, but the principal isn't a user
				return tenancy.Principal{Kind: tenancy.KeyPrincipal, ID: caller.Load().(string)},
					nil
			}
			return tenancy.Principal{},
				tenancy.Errorf(tenancy.CodeUnauthenticated, "unknown caller")
		}
	})
	ada, eve := createUser(t, reg, "ada@example.com"), createUser(t, reg, "eve@example.com")
	i := apitest.Decode[invitation](t,
		reg.Do(t, apitest.Post("root", "/api/v1/tenants/acme/invitations",
			`{"email":"ada@example.com","role":"admin"}`)).Want(t, 201))
	caller.Store(eve.ID)
	for _, as := range []string{"", "root", "session", "nonsense"} {
		acceptInvitation(t, reg, as, i.Token).WantProblem(t, 404, tenancy.CodeNotFound)
	}
	caller.Store(ada.ID)
	acceptInvitation(t, reg, "key", i.Token).WantProblem(t, 404, tenancy.CodeNotFound)
	got := apitest.Decode[acceptance](t, acceptInvitation(t, reg, "session", i.Token).Want(t, 200))
	assert.Equal(t, ada, got.User)

	me := apitest.Decode[map[string]any](t, reg.Do(t, apitest.Get("session", "/api/v1/me")).
		Want(t, 200))
	assert.Equal(t, "ada@example.com", me["email"])
	assert.NotContains(t, apitest.Decode[map[string]any](t,
		reg.Do(t, apitest.Get("root", "/api/v1/me")).Want(t, 200)), "email")
}

func TestOneOfManyConcurrentAcceptsSucceeds(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	i := invite(t, reg, "acme-admin", "bob@example.com", "viewer")
	statuses := make(chan int, 20)
	for range cap(statuses) {
		go func() {
			statuses <- reg.Send(t, apitest.Post("", acceptPath,
				`{"token":"`+i.Token+`","password":"correct horse battery"}`)).Status
		}()
	}
	counts := map[int]int{}
	for range cap(statuses) {
		counts[<-statuses]++
	}
	assert.Equal(t, map[int]int{200: 1, 404: 19}, counts)
	assert.Len(t, reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/members"), "email"),
		1)
}
