package portstest

import (
	"context"
	"errors"
	"testing"

	"github.com/bailiwick-go/bailiwick/ports"
)

// Factory creates a store for one case. The store has the kinds of [Kinds] and holds
// nothing but the default tenant. The factory registers its cleanup with t. Cases
// run in parallel.
type Factory func(t *testing.T) ports.Services

// Test runs every suite.
func Test(t *testing.T, newStore Factory) {
	for _, s := range suites() {
		t.Run(s.name, func(t *testing.T) { run(t, newStore, s.cases) })
	}
}

// suite is the cases of a port, and of the port that finds what it stores.
type suite struct {
	name  string
	cases []contractCase
}

func suites() []suite {
	return []suite{
		{"Passwords", passwordsSuite()},
		{"Sessions", sessionsSuite()},
		{"LoginAttempts", loginAttemptsSuite()},
		{"Identities", identitiesSuite()},
		{"Audit", auditSuite()},
		{"PlatformAudit", platformAuditSuite()},
		{"Tenants", tenantsSuite()},
		{"Keys", keysSuite()},
		{"Users", usersSuite()},
		{"Members", membersSuite()},
		{"Invitations", invitationsSuite()},
		{"Resources", resourcesSuite()},
		{"Transfers", transfersSuite()},
		{"Vault", vaultSuite()},
		{"InstanceKeys", instanceKeysSuite()},
		{"ChangeNotifier", changeNotifierSuite()},
		{"Rights", rightsSuite()},
	}
}

// TestChangeNotifier checks [ports.ChangeNotifier].
func TestChangeNotifier(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, changeNotifierSuite())
}

// TestRights checks that every write checks the right of its call again.
func TestRights(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, rightsSuite())
}

// TestAudit checks [ports.Audit], and the entries that the other ports append.
func TestAudit(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, auditSuite())
}

// TestPlatformAudit checks [ports.PlatformAudit].
func TestPlatformAudit(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, platformAuditSuite())
}

// TestTenants checks [ports.Tenants].
func TestTenants(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, tenantsSuite())
}

// TestKeys checks [ports.Keys] and [ports.KeyFinder].
func TestKeys(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, keysSuite())
}

// TestUsers checks [ports.Users].
func TestUsers(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, usersSuite())
}

// TestMembers checks [ports.Members] and [ports.Memberships].
func TestMembers(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, membersSuite())
}

// TestInvitations checks [ports.Invitations] and [ports.InvitationFinder].
func TestInvitations(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, invitationsSuite())
}

// TestResources checks [ports.Resources].
func TestResources(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, resourcesSuite())
}

// TestTransfers checks [ports.Transfers] and [ports.Import].
func TestTransfers(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, transfersSuite())
}

// TestPasswords checks [ports.Passwords].
func TestPasswords(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, passwordsSuite())
}

// TestSessions checks [ports.Sessions] and [ports.SessionFinder].
func TestSessions(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, sessionsSuite())
}

// TestLoginAttempts checks [ports.LoginAttempts].
func TestLoginAttempts(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, loginAttemptsSuite())
}

// TestIdentities checks [ports.Identities].
func TestIdentities(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, identitiesSuite())
}

// TestVault checks [ports.Vault].
func TestVault(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, vaultSuite())
}

// contractCase is one case: a sentence of a contract and its proof.
type contractCase struct {
	name     string
	says     string   // the sentence, word for word as in package ports
	isolates []string // the methods whose isolation it proves, such as "Vault.Get"
	prove    func(p *probe)
}

func run(t *testing.T, newStore Factory, cases []contractCase) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.check(t.Context(), newStore(t)); err != nil {
				t.Errorf("%v\ncontract: %s", err, c.says)
			}
		})
	}
}

// check returns what is wrong with the store. Before the case it creates two tenants,
// and returns that error if there is one.
func (c contractCase) check(ctx context.Context, s ports.Services) error {
	if missesPort(s) {
		return errors.New("a port is nil in ports.Services")
	}
	p := newProbe(ctx, s)
	if p.err == nil {
		c.prove(p)
	}
	return p.err
}

func missesPort(s ports.Services) bool {
	return s.Kinds == nil || s.Tenants == nil || s.Keys == nil || s.KeyFinder == nil ||
		s.Users == nil || s.Members == nil || s.Memberships == nil ||
		s.Invitations == nil || s.InvitationFinder == nil || s.Resources == nil ||
		s.Transfers == nil || s.Vault == nil || s.Audit == nil || s.PlatformAudit == nil ||
		s.ChangeNotifier == nil || s.Passwords == nil || s.Sessions == nil ||
		s.SessionFinder == nil || s.LoginAttempts == nil || s.Identities == nil
}
