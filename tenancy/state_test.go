package tenancy_test

import (
	"testing"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestTenantChangesItsStateByTransitions(t *testing.T) {
	t.Parallel()
	at := time.Date(2030, 1, 1, 1, 0, 0, 1999, time.FixedZone("", 3600))
	tenant := tenancy.NewTenant(tenancy.NewID(), "acme", "Acme")
	if !tenant.IsActive() || tenant.IsSuspended() || tenant.IsDeleted() {
		t.Errorf("a new tenant is %s", tenant.State)
	}
	WantCode(t, tenant.Restore(), tenancy.CodeInvalidState)
	WantCode(t, tenant.CheckPurge(), tenancy.CodeInvalidState)
	WantCode(t, tenant.SetState(tenancy.Deleted), tenancy.CodeInvalid)
	must(t, tenant.SetState(tenancy.Suspended))
	if !tenant.IsSuspended() {
		t.Errorf("a suspended tenant is %s", tenant.State)
	}
	must(t, tenant.RequireNotDeleted())

	must(t, tenant.Delete(at))
	if want := time.Date(2030, 1, 1, 0, 0, 0, 1000, time.UTC); tenant.DeletedAt != want {
		t.Errorf("deleted at %v; want %v", tenant.DeletedAt, want)
	}
	WantCode(t, tenant.Delete(at), tenancy.CodeTenantNotFound)
	WantCode(t, tenant.SetState(tenancy.Active), tenancy.CodeInvalidState)
	WantCode(t, tenant.RequireNotDeleted(), tenancy.CodeInvalidState)
	must(t, tenant.CheckPurge())
	must(t, tenant.Restore())
	if !tenant.IsActive() || !tenant.DeletedAt.IsZero() {
		t.Errorf("a restored tenant is %s, deleted at %v", tenant.State, tenant.DeletedAt)
	}
}

func TestDefaultTenantIsNeitherDeletedNorPurged(t *testing.T) {
	t.Parallel()
	tenant := tenancy.NewTenant(tenancy.DefaultID, tenancy.DefaultSlug, "Default")
	WantCode(t, tenant.Delete(time.Now()), tenancy.CodeInvalidState)
	WantCode(t, tenant.CheckPurge(), tenancy.CodeInvalidState)
}

func TestLastAdminIsTheOnlyOne(t *testing.T) {
	t.Parallel()
	must(t, tenancy.CheckLastAdmin(nil, "u"))
	must(t, tenancy.CheckLastAdmin([]string{"v"}, "u"))
	must(t, tenancy.CheckLastAdmin([]string{"u", "v"}, "u"))
	WantCode(t, tenancy.CheckLastAdmin([]string{"u"}, "u"), tenancy.CodeLastAdmin)

	with, without := tenancy.NewID(), tenancy.NewID()
	must(t, tenancy.CheckLastAdmins(map[tenancy.ID][]string{with: {"u", "v"}}, "u"))
	err := tenancy.CheckLastAdmins(map[tenancy.ID][]string{with: {"u", "v"}, without: {"u"}}, "u")
	WantCode(t, err, tenancy.CodeLastAdmin)
	tenants := err.(*tenancy.Error).Members["tenants"].([]string)
	if len(tenants) != 1 || tenants[0] != without.String() {
		t.Errorf("the error lists %v; want %s", tenants, without)
	}
}

func TestInvitationMayBeAcceptedWhileItsInviterMayInvite(t *testing.T) {
	t.Parallel()
	admin, editor := tenancy.Inviter{Role: tenancy.Admin}, tenancy.Inviter{Role: tenancy.Editor}
	for _, c := range []struct {
		kind tenancy.PrincipalKind
		now  tenancy.Inviter
		want bool
	}{
		{tenancy.PlatformToken, tenancy.Inviter{}, true},
		{tenancy.UserPrincipal, tenancy.Inviter{}, false},
		{tenancy.UserPrincipal, editor, false},
		{tenancy.UserPrincipal, admin, true},
		{tenancy.UserPrincipal, tenancy.Inviter{SuperAdmin: true}, true},
		{tenancy.KeyPrincipal, editor, false},
		{tenancy.KeyPrincipal, admin, true},
		{tenancy.KeyPrincipal, tenancy.Inviter{SuperAdmin: true}, false},
		{tenancy.SystemActor, admin, false},
		{"", tenancy.Inviter{SuperAdmin: true, Role: tenancy.Admin}, false},
	} {
		i := tenancy.Invitation{InvitedBy: tenancy.Actor{Kind: c.kind}}
		if got := i.MayBeAccepted(c.now); got != c.want {
			t.Errorf("an invitation by %q, now %+v: %v", c.kind, c.now, got)
		}
	}
}

func TestSuccessorOfKeyHasItsLifetime(t *testing.T) {
	t.Parallel()
	created := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	now, until := created.Add(time.Hour), created.Add(2*time.Hour)
	k := tenancy.APIKey{ID: "old", Name: "ci", Role: tenancy.Editor, CreatedAt: created}
	old, made := k.Rotate(tenancy.APIKey{ID: "new", Role: tenancy.Admin}, now, until)
	if old.RotatedTo != "new" || old.ExpiresAt != until || !made.ExpiresAt.IsZero() ||
		made.Role != tenancy.Editor || made.Name != "ci" || made.CreatedAt != now {
		t.Errorf("rotated to %+v and %+v", old, made)
	}
	WantCode(t, old.CheckRotate(), tenancy.CodeInvalidState)
	must(t, made.CheckRotate())

	k.ExpiresAt = created.Add(90 * time.Minute)
	old, made = k.Rotate(tenancy.APIKey{ID: "new"}, now, until)
	if old.ExpiresAt != k.ExpiresAt || made.ExpiresAt != now.Add(90*time.Minute) {
		t.Errorf("the keys expire at %v and %v", old.ExpiresAt, made.ExpiresAt)
	}
}

func TestAlternativesAreReadAsASentence(t *testing.T) {
	t.Parallel()
	for want, values := range map[string][]string{
		"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"},
	} {
		if got := tenancy.Alternatives(values); got != want {
			t.Errorf("%q; want %q", got, want)
		}
	}
	WantCode(t, tenancy.CheckLimit(0), tenancy.CodeInvalid)
	must(t, tenancy.CheckLimit(1))
}
