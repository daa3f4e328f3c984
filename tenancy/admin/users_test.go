package admin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// plainHasher is [admin.Passwords] whose hashes are plain text.
type plainHasher struct{}

func (plainHasher) Hash(_ context.Context, password string) (string, error) {
	if len(password) < 4 {
		return "", tenancy.Errorf(tenancy.CodeInvalid, "too short")
	}
	return "hash of " + password, nil
}

// withPasswords returns a service over the same store, whose users may have
// passwords.
func (f *fixture) withPasswords() *admin.Service {
	return admin.New(f.ports,
		admin.Options{Clock: func() time.Time { return *f.clock }, Passwords: plainHasher{}})
}

// passwordOf returns the stored hash of a user's password.
func (f *fixture) passwordOf(t *testing.T, user string) string {
	t.Helper()
	stored, err := f.ports.Passwords.Get(t.Context(), user)
	require.NoError(t, err)
	return stored.Hash
}

// user creates a user. The function that it returns signs the user in, with the
// memberships of that moment.
func (f *fixture) user(t *testing.T, email string) (identity.User, func() tenancy.Principal) {
	t.Helper()
	u, err := f.CreateUser(t.Context(), superAdmin, admin.NewUser{Email: email, Name: "N"})
	require.NoError(t, err)
	return u, func() tenancy.Principal { return f.signedIn(t, u.ID) }
}

func (f *fixture) signedIn(t *testing.T, id string) tenancy.Principal {
	t.Helper()
	u, err := f.ports.Users.Get(t.Context(), id)
	require.NoError(t, err)
	p := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID, Name: u.Name,
		SuperAdmin: u.SuperAdmin, Roles: map[tenancy.ID]tenancy.Role{}}
	found, err := f.ports.Memberships.ForUser(t.Context(), u.ID)
	require.NoError(t, err)
	for _, m := range found {
		p.Roles[m.Tenant] = m.Role
	}
	return p
}

func (f *fixture) key(tenant tenancy.Tenant, role tenancy.Role) tenancy.Principal {
	return tenancy.Principal{Kind: tenancy.KeyPrincipal, ID: tenancy.NewID().String(),
		Roles: map[tenancy.ID]tenancy.Role{tenant.ID: role}, KeyTenant: tenant.ID}
}

func TestUsersAreForSuperAdmins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u, signedIn := f.user(t, "ada@example.com")
	_, _, err := f.PutMember(t.Context(), superAdmin, "acme", u.ID, tenancy.Admin)
	require.NoError(t, err)
	yes := true
	for name, c := range map[string]struct {
		by   tenancy.Principal
		code tenancy.Code
	}{
		"an anonymous caller":      {tenancy.Principal{}, tenancy.CodeUnauthenticated},
		"an admin, of themselves":  {signedIn(), tenancy.CodeForbidden},
		"an admin's key":           {f.key(f.acme, tenancy.Admin), tenancy.CodeForbidden},
		"an admin of many tenants": {f.member(tenancy.Admin), tenancy.CodeForbidden},
	} {
		_, err := f.CreateUser(t.Context(), c.by,
			admin.NewUser{Email: "eve@example.com", Name: "Eve", SuperAdmin: true})
		wantCode(t, c.code, err)
		_, err = f.UpdateUser(t.Context(), c.by, u.ID, admin.UserChange{SuperAdmin: &yes})
		wantCode(t, c.code, err)
		_, err = f.GetUser(t.Context(), c.by, u.ID)
		wantCode(t, c.code, err)
		_, err = f.ListUsers(t.Context(), c.by, admin.UserList{Limit: 10})
		wantCode(t, c.code, err)
		wantCode(t, c.code, f.RemoveUser(t.Context(), c.by, u.ID))
		all, err := f.ListUsers(t.Context(), superAdmin, admin.UserList{Limit: 10})
		require.NoError(t, err)
		assert.Equal(t, []identity.User{u}, all, name)
	}
}

func TestInvalidPasswordPreventsUserCreation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.withPasswords()
	_, err := s.CreateUser(t.Context(), superAdmin,
		admin.NewUser{Email: "ada@example.com", Name: "Ada", Password: "abc"})
	wantCode(t, tenancy.CodeInvalid, err)
	wantPath(t, "/password", err)
	_, err = f.CreateUser(t.Context(), superAdmin,
		admin.NewUser{Email: "ada@example.com", Name: "Ada", Password: "a long one"})
	wantCode(t, tenancy.CodeInvalid, err) // without Passwords in the options
	u, err := s.CreateUser(t.Context(), superAdmin,
		admin.NewUser{Email: "ada@example.com", Name: "Ada", Password: "a long one"})
	require.NoError(t, err)
	assert.Equal(t, "hash of a long one", f.passwordOf(t, u.ID))

	short, another, empty := "abc", "another one", ""
	for _, refused := range []*string{&short, &empty} {
		_, err = s.UpdateUser(t.Context(), superAdmin, u.ID, admin.UserChange{Password: refused})
		wantCode(t, tenancy.CodeInvalid, err)
	}
	_, err = s.UpdateUser(t.Context(), superAdmin, u.ID, admin.UserChange{Password: &another})
	require.NoError(t, err)
	assert.Equal(t, "hash of another one", f.passwordOf(t, u.ID))
}

func TestMembersAreForAdminsOfTheirTenant(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u, _ := f.user(t, "ada@example.com")
	for name, c := range map[string]struct {
		by   tenancy.Principal
		ref  string
		code tenancy.Code
	}{
		"an anonymous caller": {tenancy.Principal{}, "acme", tenancy.CodeUnauthenticated},
		"a stranger": {tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID},
			"acme", tenancy.CodeTenantNotFound},
		"an editor": {f.member(tenancy.Editor), "acme", tenancy.CodeForbidden},
		"a replicator": {f.key(f.acme, tenancy.Replicator), "acme",
			tenancy.CodeForbidden},
		"an admin of another tenant": {f.member(tenancy.Admin), "globex",
			tenancy.CodeTenantNotFound},
		"an admin's key, elsewhere": {f.key(f.acme, tenancy.Admin), "globex",
			tenancy.CodeTenantNotFound},
		"an admin of a suspended one": {f.member(tenancy.Admin), "frozen",
			tenancy.CodeTenantSuspended},
		"an admin of a deleted one": {f.member(tenancy.Admin), "gone", tenancy.CodeTenantNotFound},
		"an admin of none": {f.member(tenancy.Admin), "nowhere",
			tenancy.CodeTenantNotFound},
	} {
		_, _, err := f.PutMember(t.Context(), c.by, c.ref, u.ID, tenancy.Admin)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		_, err = f.GetMember(t.Context(), c.by, c.ref, u.ID)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		_, err = f.ListMembers(t.Context(), c.by, c.ref, admin.UserList{Limit: 10})
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		assert.Equal(t, c.code, tenancy.CodeOf(f.RemoveMember(t.Context(), c.by, c.ref, u.ID)),
			name)
		_, _, err = f.Invite(t.Context(), c.by, c.ref,
			admin.NewInvitation{Email: u.Email, Role: tenancy.Admin})
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		_, err = f.ListInvitations(t.Context(), c.by, c.ref, "", 10)
		assert.Equal(t, c.code, tenancy.CodeOf(err), name)
		assert.Equal(t, c.code, tenancy.CodeOf(f.RevokeInvitation(t.Context(), c.by, c.ref, u.ID)),
			name)
	}
	found, err := f.ports.Memberships.ForUser(t.Context(), u.ID)
	require.NoError(t, err)
	assert.Empty(t, found)
	_, _, err = f.PutMember(t.Context(), superAdmin, "gone", u.ID, tenancy.Admin)
	wantCode(t, tenancy.CodeInvalidState, err)
}

func TestAdminKeyManagesMembersOnly(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u, signedIn := f.user(t, "ada@example.com")
	key := f.key(f.acme, tenancy.Admin)
	// an admin adds no user, and learns nothing of who exists
	for _, id := range []string{u.ID, tenancy.NewID().String(), "unknown"} {
		_, _, err := f.PutMember(t.Context(), key, "acme", id, tenancy.Admin)
		assert.Same(t, tenancy.ErrNotFound, err, id)
	}
	m, created, err := f.PutMember(t.Context(), superAdmin, "acme", u.ID, tenancy.Viewer)
	require.NoError(t, err)
	assert.True(t, created)
	assert.Equal(t, "ada@example.com", m.Email)
	m, created, err = f.PutMember(t.Context(), key, "acme", u.ID, tenancy.Admin)
	require.NoError(t, err)
	assert.False(t, created)
	assert.Equal(t, tenancy.Admin, m.Role)
	for _, role := range []tenancy.Role{"super_admin", "owner", tenancy.Replicator, ""} {
		_, _, err = f.PutMember(t.Context(), key, "acme", u.ID, role)
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/role", err)
		_, _, err = f.Invite(t.Context(), key, "acme",
			admin.NewInvitation{Email: "m@example.com", Role: role})
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/role", err)
	}
	_, _, err = f.PutMember(t.Context(), key, "acme", key.ID, tenancy.Admin) // a key isn't a user
	assert.Same(t, tenancy.ErrNotFound, err)
	assert.False(t, signedIn().SuperAdmin)
	_, err = f.CreateTenant(t.Context(), signedIn(), admin.NewTenant{Slug: "mine", Name: "Mine"})
	assert.Same(t, tenancy.ErrForbidden, err)
	wantCode(t, tenancy.CodeLastAdmin, f.RemoveMember(t.Context(), key, "acme", u.ID))
	wantCode(t, tenancy.CodeLastAdmin, f.RemoveMember(t.Context(), signedIn(), "acme", u.ID))
}

func TestNonMemberIsNotFound(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u, _ := f.user(t, "ada@example.com")
	_, _, err := f.PutMember(t.Context(), superAdmin, "globex", u.ID, tenancy.Viewer)
	require.NoError(t, err)
	by := f.member(tenancy.Admin)
	for _, id := range []string{u.ID, strings.ToUpper(u.ID), tenancy.NewID().String(),
		"ada@example.com", ""} {
		_, err := f.GetMember(t.Context(), by, "acme", id)
		assert.Same(t, tenancy.ErrNotFound, err)
		assert.Same(t, tenancy.ErrNotFound, f.RemoveMember(t.Context(), by, "acme", id))
	}
	found, err := f.ListMembers(t.Context(), by, "acme", admin.UserList{Limit: 10})
	require.NoError(t, err)
	assert.Empty(t, found)
	_, err = f.ListMembers(t.Context(), by, "acme", admin.UserList{After: "x", Limit: 10})
	wantCode(t, tenancy.CodeInvalidCursor, err)
	_, err = f.ListInvitations(t.Context(), by, "acme", "x", 10)
	wantCode(t, tenancy.CodeInvalidCursor, err)
	_, err = f.ListMembers(t.Context(), by, "acme", admin.UserList{})
	wantCode(t, tenancy.CodeInvalid, err)
}

func TestInvitationIsInvalidOnceItsInviterMayNotInvite(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, adaNow := f.user(t, "ada@example.com")
	eve, _ := f.user(t, "eve@example.com")
	for _, id := range []string{ada.ID, eve.ID} {
		_, _, err := f.PutMember(t.Context(), superAdmin, "acme", id, tenancy.Admin)
		require.NoError(t, err)
	}
	_, token, err := f.Invite(t.Context(), adaNow(), "acme",
		admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Admin})
	require.NoError(t, err)
	accept := func() error {
		_, _, err := f.AcceptInvitation(t.Context(), tenancy.Principal{},
			admin.Acceptance{Token: token})
		return err
	}
	_, _, err = f.PutMember(t.Context(), superAdmin, "acme", ada.ID, tenancy.Editor)
	require.NoError(t, err)
	wantCode(t, tenancy.CodeNotFound, accept())
	require.NoError(t, f.RemoveUser(t.Context(), superAdmin, ada.ID))
	wantCode(t, tenancy.CodeNotFound, accept())
	_, err = f.ports.Users.ByEmail(t.Context(), "bob@example.com")
	wantCode(t, tenancy.CodeNotFound, err)
}

func TestInvitationIsValidForItsLifetime(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for lifetime, want := range map[time.Duration]time.Duration{0: admin.DefaultInvitationTTL,
		time.Minute: time.Minute, admin.MaxInvitationTTL: admin.MaxInvitationTTL} {
		i, _, err := f.Invite(t.Context(), superAdmin, "acme",
			admin.NewInvitation{Email: "Bob@example.com", Role: tenancy.Viewer,
				ExpiresIn: lifetime})
		require.NoError(t, err)
		assert.Equal(t, start.Add(want), i.ExpiresAt)
		assert.Equal(t, "bob@example.com", i.Email)
		assert.Zero(t, i.Hash)
	}
	for _, lifetime := range []time.Duration{-time.Hour, time.Second, admin.MaxInvitationTTL + 1} {
		_, _, err := f.Invite(t.Context(), superAdmin, "acme",
			admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Viewer,
				ExpiresIn: lifetime})
		wantCode(t, tenancy.CodeInvalid, err)
		wantPath(t, "/expires_in", err)
	}
	_, token, err := f.Invite(t.Context(), superAdmin, "acme",
		admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Viewer})
	require.NoError(t, err)
	*f.clock = start.Add(admin.DefaultInvitationTTL)
	_, _, err = f.AcceptInvitation(t.Context(), tenancy.Principal{}, admin.Acceptance{Token: token})
	wantCode(t, tenancy.CodeNotFound, err)
	*f.clock = start.Add(admin.DefaultInvitationTTL - time.Microsecond)
	_, _, err = f.AcceptInvitation(t.Context(), tenancy.Principal{}, admin.Acceptance{Token: token})
	require.NoError(t, err)
}

func TestRefusedAcceptanceDoesNotUseUpTheInvitation(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.withPasswords()
	_, token, err := s.Invite(t.Context(), superAdmin, "acme",
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
	assert.Equal(t, f.acme.ID, tenant.ID)
	assert.Equal(t, tenancy.Editor, m.Role)
	assert.Equal(t, "hash of a long one", f.passwordOf(t, m.User))
	assert.Equal(t, map[tenancy.ID]tenancy.Role{f.acme.ID: tenancy.Editor},
		f.signedIn(t, m.User).Roles)
}

func TestNewPersonNeedsAWayToSignIn(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.withPasswords()
	_, token, err := s.Invite(t.Context(), superAdmin, "acme",
		admin.NewInvitation{Email: "bob@example.com", Role: tenancy.Editor})
	require.NoError(t, err)
	_, _, err = s.AcceptInvitation(t.Context(), tenancy.Principal{}, admin.Acceptance{Token: token})
	wantCode(t, tenancy.CodePasswordRequired, err)
	wantPath(t, "/password", err)
	_, err = f.ports.Users.ByEmail(t.Context(), "bob@example.com")
	wantCode(t, tenancy.CodeNotFound, err)

	elsewhere := admin.New(f.ports, admin.Options{Passwords: plainHasher{},
		PasswordOptional: true, Clock: func() time.Time { return *f.clock }})
	_, _, err = elsewhere.AcceptInvitation(t.Context(), tenancy.Principal{},
		admin.Acceptance{Token: token})
	require.NoError(t, err)
}

// A caller who has the invitation link of an existing user must not get access to
// that user's account.
func TestInvitationDoesNotChangeAnExistingAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	s := f.withPasswords()
	ada, adaNow := f.user(t, "ada@example.com")
	_, eveNow := f.user(t, "eve@example.com")
	_, token, err := s.Invite(t.Context(), superAdmin, "acme",
		admin.NewInvitation{Email: "ADA@example.com", Role: tenancy.Admin})
	require.NoError(t, err)
	takeover := admin.Acceptance{Token: token, Name: "Mine", Password: "a long one"}
	for _, by := range []tenancy.Principal{{}, eveNow(), superAdmin, f.key(f.acme, tenancy.Admin),
		{Kind: tenancy.KeyPrincipal, ID: ada.ID}} {
		_, _, err := s.AcceptInvitation(t.Context(), by, takeover)
		wantCode(t, tenancy.CodeNotFound, err)
	}
	m, _, err := s.AcceptInvitation(t.Context(), adaNow(), takeover)
	require.NoError(t, err)
	assert.Equal(t, ada.ID, m.User)
	assert.Empty(t, f.passwordOf(t, ada.ID))
	stored, err := f.GetUser(t.Context(), superAdmin, ada.ID)
	require.NoError(t, err)
	assert.Equal(t, ada, stored, "the account must not change")
}
