package platform_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/ports"
)

var auditQuery = ports.AuditQuery{Limit: 100}

func mustJSON(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return text
}

func TestSuperAdminCreatesUser(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	p := b.Get(b.Get("/admin/users").Want(http.StatusOK).Link("Create a user"))
	require.Equal(t, "password", fieldType(p, "password"))
	p = b.Submit(p.Form("/users"), map[string]string{"email": "New@Example.com", "name": hostile,
		"password": site.Password, "super_admin": "true"}).Want(http.StatusOK)
	require.Contains(t, p.Text(), "Created.")
	require.Contains(t, p.Main(), "super-admin")
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Contains(t, b.Get("/admin/users").Main(), hostile)
	s.SignIn(t, "new@example.com").Get("/admin/users").Want(http.StatusOK)
}

func fieldType(p *site.Page, name string) string {
	for _, f := range p.Forms() {
		for _, field := range f.Fields {
			if field.Name == name {
				return field.Type
			}
		}
	}
	return ""
}

func TestRefusedUserIsExplainedAndThePasswordIsNotKept(t *testing.T) {
	t.Parallel()
	_, b := newSite(t)
	form := b.Get("/admin/users?new=true").Form("/users")
	p := b.Submit(form, map[string]string{"email": "no address", "name": hostile,
		"password": "my own secret words"}).Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("email"))
	require.Equal(t, hostile, p.Form("/users").Get("name"))
	require.NotContains(t, string(p.Body), "my own secret words")
	p = b.Submit(p.Form("/users"), map[string]string{"email": "e@example.com", "password": "short"}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("password"))
	p = b.Submit(p.Form("/users"), map[string]string{"email": site.AcmeAdmin}).Want(http.StatusConflict)
	require.Contains(t, p.Main(), "address")
}

func TestUserIsChanged(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	p := b.Get(b.Get("/admin/users").Link(site.AcmeViewer))
	edit := p.Form("/users/" + s.Users[site.AcmeViewer].ID)
	require.Equal(t, site.AcmeViewer, edit.Get("email"))
	p = b.Submit(edit, map[string]string{"email": "other@acme", "name": "Other"}).Want(http.StatusOK)
	require.Contains(t, p.Text(), "Saved.")
	s.SignIn(t, "other@acme")
	p = b.Submit(p.Form("/users/"+s.Users[site.AcmeViewer].ID), map[string]string{"name": " "}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("name"))
}

func TestNewPasswordEndsSessions(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	user := s.SignIn(t, site.AcmeViewer)
	path := "/admin/users/" + s.Users[site.AcmeViewer].ID
	p := b.Get(path)
	require.Contains(t, p.Main(), "Mozilla/5.0 (test)")
	p = b.Submit(p.Form("/password"), map[string]string{"password": "short"}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("password"))
	require.NotContains(t, string(p.Body), `value="short"`)
	p = b.Submit(p.Form("/password"), map[string]string{"password": "a wholly new password"})
	require.Contains(t, p.Want(http.StatusOK).Text(), "The password is changed.")
	require.Contains(t, p.Main(), "isn’t signed in anywhere")
	require.Contains(t, user.Get("/admin/t/acme/settings").Path(), "/admin/sign-in")
}

func TestSessionsOfUserEnd(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	user := s.SignIn(t, site.AcmeViewer)
	p := b.Get("/admin/users/" + s.Users[site.AcmeViewer].ID)
	p = b.Submit(b.Get(p.Link("End all sessions")).Form("/sessions/end"), nil).Want(http.StatusOK)
	require.Contains(t, p.Text(), "All sessions of the user have ended.")
	require.Contains(t, user.Get("/admin/t/acme/settings").Path(), "/admin/sign-in")
}

func TestUserIsRemoved(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	p := b.Get("/admin/users/" + s.Users[site.AcmeViewer].ID)
	p = b.Get(p.Link("Remove this user")).Want(http.StatusOK)
	require.Contains(t, p.Main(), "All memberships")
	p = b.Submit(p.Form("/remove"), nil).Want(http.StatusOK)
	require.True(t, strings.HasPrefix(p.Path(), "/admin/users"), p.Path())
	require.Contains(t, p.Text(), "Removed.")
	require.NotContains(t, p.Main(), site.AcmeViewer)
	b.Get("/admin/users/" + s.Users[site.AcmeViewer].ID).Want(http.StatusNotFound)
}

func TestLastAdminOfTenantStaysAndThePageSaysWhy(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	path := "/admin/users/" + s.Users[site.AcmeAdmin].ID
	p := b.Submit(b.Get(path+"/remove").Form("/remove"), nil).Want(http.StatusConflict)
	require.Contains(t, p.Main(), "Give another member of that tenant the role admin first")
	b.Get(path).Want(http.StatusOK)
}

func TestSuperAdminIsWarnedBeforeTheyTakeTheirOwnRightAway(t *testing.T) {
	t.Parallel()
	s, b := newSite(t)
	path := "/admin/users/" + s.Users[site.Root].ID
	p := b.Get(path)
	require.Contains(t, p.Main(), "this is you")
	p = b.Submit(p.Form(path), map[string]string{"super_admin": "", "name": "Typed"}).Want(http.StatusConflict)
	require.Contains(t, p.Main(), "You are about to take your own right away")
	require.Equal(t, "Typed", p.Form(path).Get("name"))
	b.Get("/admin/users").Want(http.StatusOK)
	p = b.Submit(p.Form(path), map[string]string{"certain": "true"})
	require.NotContains(t, p.Path(), "/admin/users")
	b.Get("/admin/users").Want(http.StatusForbidden)
}
