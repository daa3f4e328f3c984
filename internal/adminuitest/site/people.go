package site

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// The people of each site, by their e-mail addresses. With tenancy off, those of acme are
// members of the default tenant, and the others of none.
const (
	AcmeAdmin   = "admin@acme"
	AcmeEditor  = "editor@acme"
	AcmeViewer  = "viewer@acme"
	GlobexAdmin = "admin@globex"
	Both        = "both@example.com" // an editor of acme and a viewer of globex
	Root        = "root@example.com" // a super-admin who is a member of no tenant
	Alone       = "alone@example.com"
)

// Password is everyone's.
const Password = "correct horse battery"

// cheap makes hashing fast.
var cheap = signin.Cost{Memory: 64, Passes: 1, Threads: 1}

// membership is a role in a tenant.
type membership struct {
	tenant string
	role   tenancy.Role
}

var people = map[string][]membership{
	AcmeAdmin:   {{"acme", tenancy.Admin}},
	AcmeEditor:  {{"acme", tenancy.Editor}},
	AcmeViewer:  {{"acme", tenancy.Viewer}},
	GlobexAdmin: {{"globex", tenancy.Admin}},
	Both:        {{"acme", tenancy.Editor}, {"globex", tenancy.Viewer}},
	Root:        nil,
	Alone:       nil,
}

// addPeople creates the people with their memberships.
func (s *Site) addPeople(t testing.TB) {
	t.Helper()
	hash, err := signin.New(s.Services, signin.Options{Cost: cheap}).Hash(t.Context(), Password)
	require.NoError(t, err)
	for email, memberships := range people {
		u, err := s.Services.Users.Create(t.Context(), identity.User{ID: tenancy.NewID().String(),
			Email: email, Name: "Name of " + email, SuperAdmin: email == Root}, "")
		require.NoError(t, err)
		require.NoError(t, s.Services.Passwords.Set(t.Context(), u.ID, hash, ""))
		s.Users[email] = u
		for _, m := range memberships {
			if tenant, ok := s.tenantOf(m.tenant); ok {
				s.AddMember(t, email, tenant, m.role)
			}
		}
	}
}

// tenantOf returns the slug of the tenant that has the members of one of the tenants acme
// and globex.
func (s *Site) tenantOf(slug string) (string, bool) {
	if s.multiTenant {
		return slug, true
	}
	return string(tenancy.DefaultSlug), slug == "acme"
}

// AddMember makes a person a member of a tenant, in the store.
func (s *Site) AddMember(t testing.TB, email, slug string, role tenancy.Role) {
	t.Helper()
	_, _, err := s.Services.Members.Put(t.Context(), s.Tenants[slug].ID, s.Users[email].ID, role)
	require.NoError(t, err)
}

// EndSessions ends all sessions of a person, in the store.
func (s *Site) EndSessions(t testing.TB, email string) {
	t.Helper()
	require.NoError(t, s.Services.Sessions.RevokeAll(t.Context(), s.Users[email].ID))
}
