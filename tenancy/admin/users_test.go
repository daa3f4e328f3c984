package admin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// kept is what keeps passwords: it hashes by turning around.
type kept map[string]string

func (k kept) Hash(_ context.Context, password string) (string, error) {
	if len(password) < 4 {
		return "", tenancy.Errorf(tenancy.CodeInvalid, "too short")
	}
	return "hash of " + password, nil
}

func (k kept) Set(_ context.Context, user, hash string) error {
	k[user] = hash
	return nil
}

// withPasswords is the same world, whose users may have passwords.
func (w *world) withPasswords() (*admin.Service, kept) {
	k := kept{}
	return admin.New(w.ports,
		admin.Options{Clock: func() time.Time { return *w.clock }, Passwords: k}), k
}

// person is a user, signed in, with their memberships as they are now.
func (w *world) person(t *testing.T, email string) (identity.User, func() tenancy.Principal) {
	t.Helper()
	u, err := w.CreateUser(t.Context(), super, admin.NewUser{Email: email, Name: "N"})
	require.NoError(t, err)
	return u, func() tenancy.Principal { return w.signedIn(t, u.ID) }
}

func (w *world) signedIn(t *testing.T, id string) tenancy.Principal {
	t.Helper()
	u, err := w.ports.Users.Get(t.Context(), id)
	require.NoError(t, err)
	p := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID, Name: u.Name,
		SuperAdmin: u.SuperAdmin, Roles: map[tenancy.ID]tenancy.Role{}}
	found, err := w.ports.Memberships.Of(t.Context(), u.ID)
	require.NoError(t, err)
	for _, m := range found {
		p.Roles[m.Tenant] = m.Role
	}
	return p
}

func (w *world) key(tenant tenancy.Tenant, role tenancy.Role) tenancy.Principal {
	return tenancy.Principal{Kind: tenancy.KeyPrincipal, ID: tenancy.NewID().String(),
		Roles: map[tenancy.ID]tenancy.Role{tenant.ID: role}, KeyTenant: tenant.ID}
}

func TestUsersAreForSuperAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, signedIn := w.person(t, "ada@example.com")
	_, _, err := w.PutMember(t.Context(), super, "acme", u.ID, tenancy.Admin)
	require.NoError(t, err)
	yes := true
	for name, c := range map[string]struct {
		by   tenancy.Principal
		code tenancy.Code
	}{
		"nobody":                   {tenancy.Principal{}, tenancy.CodeUnauthenticated},
		"an admin, of themselves":  {signedIn(), tenancy.CodeForbidden},
		"an admin's key":           {w.key(w.acme, tenancy.Admin), tenancy.CodeForbidden},
		"an admin of many tenants": {w.member(tenancy.Admin), tenancy.CodeForbidden},
	} {
		_, err := w.CreateUser(t.Context(), c.by,
			admin.NewUser{Email: "eve@example.com", Name: "Eve", SuperAdmin: true})
		wantCode(t, c.code, err)
		_, err = w.UpdateUser(t.Context(), c.by, u.ID, admin.UserChange{SuperAdmin: &yes})
		wantCode(t, c.code, err)
		_, err = w.GetUser(t.Context(), c.by, u.ID)
		wantCode(t, c.code, err)
		_, err = w.ListUsers(t.Context(), c.by, "", 10)
		wantCode(t, c.code, err)
		wantCode(t, c.code, w.RemoveUser(t.Context(), c.by, u.ID))
		all, err := w.ListUsers(t.Context(), super, "", 10)
		require.NoError(t, err)
		assert.Equal(t, []identity.User{u}, all, name)
	}
}

func TestAPasswordIsCheckedBeforeAUserIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, passwords := w.withPasswords()
	_, err := s.CreateUser(t.Context(), super,
		admin.NewUser{Email: "ada@example.com", Name: "Ada", Password: "abc"})
	wantCode(t, tenancy.CodeInvalid, err)
	wantPath(t, "/password", err)
	_, err = w.CreateUser(t.Context(), super,
		admin.NewUser{Email: "ada@example.com", Name: "Ada", Password: "a long one"})
	wantCode(t, tenancy.CodeInvalid, err) // who keeps no passwords takes none
	u, err := s.CreateUser(t.Context(), super,
		admin.NewUser{Email: "ada@example.com", Name: "Ada", Password: "a long one"})
	require.NoError(t, err)
	assert.Equal(t, kept{u.ID: "hash of a long one"}, passwords)

	short, another, none := "abc", "another one", ""
	for _, refused := range []*string{&short, &none} {
		_, err = s.UpdateUser(t.Context(), super, u.ID, admin.UserChange{Password: refused})
		wantCode(t, tenancy.CodeInvalid, err)
	}
	_, err = s.UpdateUser(t.Context(), super, u.ID, admin.UserChange{Password: &another})
	require.NoError(t, err)
	assert.Equal(t, kept{u.ID: "hash of another one"}, passwords)
}

func TestMembersAreForTheirTenantsAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, _ := w.person(t, "ada@example.com")
	for name, c := range map[string]struct {
		by   tenancy.Principal
		ref  string
		code tenancy.Code
	}{
		"nobody": {tenancy.Principal{}, "acme", tenancy.CodeUnauthenticated},
		"a stranger": {tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID},
			"acme", tenancy.CodeTenantNotFound},
		"an editor": {w.member(tenancy.Editor), "acme", tenancy.CodeForbidden},
		"a replicator": {w.key(w.acme, tenancy.Replicator), "acme",
			tenancy.CodeForbidden},
		"an admin of another tenant": {w.member(tenancy.Admin), "globex",
			tenancy.CodeTenantNotFound},
		"an admin's key, elsewhere": {w.key(w.acme, tenancy.Admin), "globex",
			tenancy.CodeTenantNotFound},
		"an admin of a suspended one": {w.member(tenancy.Admin), "frozen",
			tenancy.CodeTenantSuspended},
		"an admin of a deleted one": {w.member(tenancy.Admin), "gone", tenancy.CodeTenantNotFound},
		"an admin of none": {w.member(tenancy.Admin), "nowhere",
			tenancy.CodeTenantNotFound},
	} {
		_, _, err := w.PutMember(t.Context(), c.by, c.ref, u.ID, tenancy.Admin)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		_, err = w.GetMember(t.Context(), c.by, c.ref, u.ID)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		_, err = w.ListMembers(t.Context(), c.by, c.ref, "", 10)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		assert.Equal(t, c.code, tenancy.CodeOf(w.RemoveMember(t.Context(), c.by, c.ref, u.ID)),
			name)
		_, _, err = w.Invite(t.Context(), c.by, c.ref,
			admin.NewInvitation{Email: u.Email, Role: tenancy.Admin})
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		_, err = w.ListInvitations(t.Context(), c.by, c.ref, "", 10)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		assert.Equal(t, c.code, tenancy.CodeOf(w.RevokeInvitation(t.Context(), c.by, c.ref, u.ID)),
			name)
	}
	found, err := w.ports.Memberships.Of(t.Context(), u.ID)
	require.NoError(t, err)
	assert.Empty(t, found)
	_, _, err = w.PutMember(t.Context(), super, "gone", u.ID, tenancy.Admin)
	wantCode(t, tenancy.CodeInvalidState, err)
}

func TestAnAdminsKeyManagesMembersAndNothingBeyond(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, signedIn := w.person(t, "ada@example.com")
	key := w.key(w.acme, tenancy.Admin)
	m, created, err := w.PutMember(t.Context(), key, "acme", u.ID, tenancy.Admin)
	require.NoError(t, err)
	assert.True(t, created)
	assert.Equal(t, "ada@example.com", m.Email)
	for _, role := range []tenancy.Role{"super_admin", "owner", tenancy.Replicator, ""} {
		_, _, err = w.PutMember(t.Context(), key, "acme", u.ID, role)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/role", err)
		_, _, err = w.Invite(t.Context(), key, "acme",
			admin.NewInvitation{Email: "m@example.com", Role: role})
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/role", err)
	}
	_, _, err = w.PutMember(t.Context(), key, "acme", key.ID, tenancy.Admin) // a key is no person
	assert.Same(t, tenancy.ErrNotFound, err)
	assert.False(t, signedIn().SuperAdmin)
	_, err = w.CreateTenant(t.Context(), signedIn(), admin.NewTenant{Slug: "mine", Name: "Mine"})
	assert.Same(t, tenancy.ErrForbidden, err)
	wantCode(t, tenancy.CodeLastAdmin, w.RemoveMember(t.Context(), key, "acme", u.ID))
	wantCode(t, tenancy.CodeLastAdmin, w.RemoveMember(t.Context(), signedIn(), "acme", u.ID))
}

func TestWhoIsntAMemberIsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u, _ := w.person(t, "ada@example.com")
	_, _, err := w.PutMember(t.Context(), super, "globex", u.ID, tenancy.Viewer)
	require.NoError(t, err)
	by := w.member(tenancy.Admin)
	for _, id := range []string{u.ID, strings.ToUpper(u.ID), tenancy.NewID().String(),
		"ada@example.com", ""} {
		_, err := w.GetMember(t.Context(), by, "acme", id)
		assert.Same(t, tenancy.ErrNotFound, err)
		assert.Same(t, tenancy.ErrNotFound, w.RemoveMember(t.Context(), by, "acme", id))
	}
	found, err := w.ListMembers(t.Context(), by, "acme", "", 10)
	require.NoError(t, err)
	assert.Empty(t, found)
	_, err = w.ListMembers(t.Context(), by, "acme", "x", 10)
	wantCode(t, tenancy.CodeInvalidCursor, err)
	_, err = w.ListInvitations(t.Context(), by, "acme", "x", 10)
	wantCode(t, tenancy.CodeInvalidCursor, err)
	_, err = w.ListMembers(t.Context(), by, "acme", "", 0)
	wantCode(t, tenancy.CodeInvalid, err)
}

func TestAnInvitationDiesWithItsMakersRight(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, adaNow := w.person(t, "ada@example.com")
	eve, _ := w.person(t, "eve@example.com")
	for _, id := range []string{ada.ID, eve.ID} {
		_, _, err := w.PutMember(t.Context(), super, "acme", id, tenancy.Admin)
		require.NoError(t, err)
	}
	_, token, err := w.Invite(t.Context(), adaNow(), "acme",
		admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Admin})
	require.NoError(t, err)
	accept := func() error {
		_, _, err := w.AcceptInvitation(t.Context(), tenancy.Principal{},
			admin.Acceptance{Token: token})
		return err
	}
	_, _, err = w.PutMember(t.Context(), super, "acme", ada.ID, tenancy.Editor)
	require.NoError(t, err)
	wantCode(t, tenancy.CodeNotFound, accept())
	require.NoError(t, w.RemoveUser(t.Context(), super, ada.ID))
	wantCode(t, tenancy.CodeNotFound, accept())
	_, err = w.ports.Users.ByEmail(t.Context(), "bob@example.com")
	wantCode(t, tenancy.CodeNotFound, err)
}

func TestAnInvitationStandsForItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for given, want := range map[time.Duration]time.Duration{0: admin.InvitationLife,
		time.Minute: time.Minute, admin.MaxInvitationLife: admin.MaxInvitationLife} {
		i, _, err := w.Invite(t.Context(), super, "acme",
			admin.NewInvitation{Email: "Bob@example.com", Role: tenancy.Viewer, ExpiresIn: given})
		require.NoError(t, err)
		assert.Equal(t, start.Add(want), i.ExpiresAt)
		assert.Equal(t, "bob@example.com", i.Email)
		assert.Zero(t, i.Hash)
	}
	for _, given := range []time.Duration{-time.Hour, time.Second, admin.MaxInvitationLife + 1} {
		_, _, err := w.Invite(t.Context(), super, "acme",
			admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Viewer, ExpiresIn: given})
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/expires_in", err)
	}
	_, token, err := w.Invite(t.Context(), super, "acme",
		admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Viewer})
	require.NoError(t, err)
	*w.clock = start.Add(admin.InvitationLife)
	_, _, err = w.AcceptInvitation(t.Context(), tenancy.Principal{}, admin.Acceptance{Token: token})
	wantCode(t, tenancy.CodeNotFound, err)
	*w.clock = start.Add(admin.InvitationLife - time.Microsecond)
	_, _, err = w.AcceptInvitation(t.Context(), tenancy.Principal{}, admin.Acceptance{Token: token})
	require.NoError(t, err)
}

func TestWhatIsRefusedLeavesTheInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, passwords := w.withPasswords()
	_, token, err := s.Invite(t.Context(), super, "acme",
		admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Editor})
	require.NoError(t, err)
	for path, in := range map[string]admin.Acceptance{
		"/name": {Token: token, Name: "B\x1b"}, "/password": {Token: token, Password: "abc"},
	} {
		_, _, err := s.AcceptInvitation(t.Context(), tenancy.Principal{}, in)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, path, err)
	}
	m, tenant, err := s.AcceptInvitation(t.Context(), tenancy.Principal{},
		admin.Acceptance{Token: token, Name: "Bob", Password: "a long one"})
	require.NoError(t, err)
	assert.Equal(t, w.acme.ID, tenant.ID)
	assert.Equal(t, tenancy.Editor, m.Role)
	assert.Equal(t, kept{m.User: "hash of a long one"}, passwords)
	assert.Equal(t, map[tenancy.ID]tenancy.Role{w.acme.ID: tenancy.Editor},
		w.signedIn(t, m.User).Roles)
}

// TestAnInvitationSetsNobodysPassword: who has the link of somebody with an
// account doesn't get that account by it.
func TestAnInvitationSetsNobodysPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, passwords := w.withPasswords()
	ada, adaNow := w.person(t, "ada@example.com")
	_, eveNow := w.person(t, "eve@example.com")
	_, token, err := s.Invite(t.Context(), super, "acme",
		admin.NewInvitation{Email: "ADA@example.com", Role: tenancy.Admin})
	require.NoError(t, err)
	takeover := admin.Acceptance{Token: token, Name: "Mine", Password: "a long one"}
	for _, by := range []tenancy.Principal{{}, eveNow(), super, w.key(w.acme, tenancy.Admin),
		{Kind: tenancy.KeyPrincipal, ID: ada.ID}} {
		_, _, err := s.AcceptInvitation(t.Context(), by, takeover)
		wantCode(t, tenancy.CodeNotFound, err)
	}
	m, _, err := s.AcceptInvitation(t.Context(), adaNow(), takeover)
	require.NoError(t, err)
	assert.Equal(t, ada.ID, m.User)
	assert.Empty(t, passwords)
	stored, err := w.GetUser(t.Context(), super, ada.ID)
	require.NoError(t, err)
	assert.Equal(t, ada, stored, "and nothing else of the account has changed")
}

func TestNewNamesThePortsOfPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, lose := range map[string]func(*ports.Services){
		"Users":            func(s *ports.Services) { s.Users = nil },
		"Members":          func(s *ports.Services) { s.Members = nil },
		"Invitations":      func(s *ports.Services) { s.Invitations = nil },
		"InvitationFinder": func(s *ports.Services) { s.InvitationFinder = nil },
	} {
		s := w.ports
		lose(&s)
		assert.PanicsWithValue(t, "admin.New: Services."+name+" is nil",
			func() { admin.New(s, admin.Options{}) })
	}
}
