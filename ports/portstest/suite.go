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
	t.Run("Passwords", func(t *testing.T) { TestPasswords(t, newStore) })
	t.Run("Sessions", func(t *testing.T) { TestSessions(t, newStore) })
	t.Run("LoginAttempts", func(t *testing.T) { TestLoginAttempts(t, newStore) })
	t.Run("Identities", func(t *testing.T) { TestIdentities(t, newStore) })
	t.Run("Audit", func(t *testing.T) { TestAudit(t, newStore) })
	t.Run("PlatformAudit", func(t *testing.T) { TestPlatformAudit(t, newStore) })
	t.Run("Tenants", func(t *testing.T) { TestTenants(t, newStore) })
	t.Run("Keys", func(t *testing.T) { TestKeys(t, newStore) })
	t.Run("Users", func(t *testing.T) { TestUsers(t, newStore) })
	t.Run("Members", func(t *testing.T) { TestMembers(t, newStore) })
	t.Run("Invitations", func(t *testing.T) { TestInvitations(t, newStore) })
	t.Run("Resources", func(t *testing.T) { TestResources(t, newStore) })
	t.Run("Transfers", func(t *testing.T) { TestTransfers(t, newStore) })
	t.Run("Vault", func(t *testing.T) { TestVault(t, newStore) })
	t.Run("ChangeNotifier", func(t *testing.T) { TestChangeNotifier(t, newStore) })
}

// TestChangeNotifier checks [ports.ChangeNotifier].
func TestChangeNotifier(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, changeNotifierSuite())
}

// TestAudit checks [ports.Audit], and the entries that the other ports append.
func TestAudit(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, auditSuite())
	run(t, newStore, auditWritesSuite())
}

// TestPlatformAudit checks [ports.PlatformAudit].
func TestPlatformAudit(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, platformAuditSuite())
}

// TestTenants checks [ports.Tenants].
func TestTenants(t *testing.T, newStore Factory) { t.Helper(); run(t, newStore, tenantsSuite()) }

// TestKeys checks [ports.Keys] and [ports.KeyFinder].
func TestKeys(t *testing.T, newStore Factory) { t.Helper(); run(t, newStore, keysSuite()) }

// TestUsers checks [ports.Users].
func TestUsers(t *testing.T, newStore Factory) { t.Helper(); run(t, newStore, usersSuite()) }

// TestMembers checks [ports.Members] and [ports.Memberships].
func TestMembers(t *testing.T, newStore Factory) { t.Helper(); run(t, newStore, membersSuite()) }

// TestInvitations checks [ports.Invitations] and [ports.InvitationFinder].
func TestInvitations(t *testing.T, newStore Factory) {
	t.Helper()
	run(t, newStore, invitationsSuite())
}

// TestResources checks [ports.Resources].
func TestResources(t *testing.T,
	newStore Factory) {
	t.Helper()
	run(t, newStore, resourcesSuite())
}

// TestTransfers checks [ports.Transfers] and [ports.Import].
func TestTransfers(t *testing.T,
	newStore Factory) {
	t.Helper()
	run(t, newStore, transfersSuite())
}

// TestPasswords checks [ports.Passwords].
func TestPasswords(t *testing.T,
	newStore Factory) {
	t.Helper()
	run(t, newStore, passwordsSuite())
}

// TestSessions checks [ports.Sessions] and [ports.SessionFinder].
func TestSessions(t *testing.T, newStore Factory) { t.Helper(); run(t, newStore, sessionsSuite()) }

// TestLoginAttempts checks [ports.LoginAttempts].
func TestLoginAttempts(t *testing.T,
	newStore Factory) {
	t.Helper()
	run(t, newStore, loginAttemptsSuite())
}

// TestIdentities checks [ports.Identities].
func TestIdentities(t *testing.T,
	newStore Factory) {
	t.Helper()
	run(t, newStore, identitiesSuite())
}

// TestVault checks [ports.Vault].
func TestVault(t *testing.T, newStore Factory) { t.Helper(); run(t, newStore, vaultSuite()) }

// contractCase is one case: a sentence of a contract and its proof.
type contractCase struct {
	name     string
	says     string   // the sentence, word for word as in package ports
	isolates []string // the methods whose isolation it proves, such as "Vault.Get"
	prove    func(p *probe)
}

func run(t *testing.T, newStore Factory, suite []contractCase) {
	t.Helper()
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := c.check(t.Context(), newStore(t)); err != nil {
				t.Errorf("%v\ncontract: %s", err, c.says)
			}
		})
	}
}

// check returns what is wrong with the store. Before the case it creates two tenants,
// and returns that error.
func (c contractCase) check(ctx context.Context, s ports.Services) error {
	if s.Kinds == nil || s.Tenants == nil || s.Keys == nil || s.KeyFinder == nil ||
		s.Users == nil || s.Members == nil || s.Memberships == nil || s.Invitations == nil ||
		s.InvitationFinder == nil ||
		s.Resources == nil || s.Transfers == nil || s.Vault == nil || s.Audit == nil ||
		s.PlatformAudit == nil || s.ChangeNotifier == nil ||
		s.Passwords == nil || s.Sessions == nil || s.SessionFinder == nil ||
		s.LoginAttempts == nil || s.Identities == nil {
		return errors.New("a port is nil in ports.Services")
	}
	p := newProbe(ctx, s)
	if p.err == nil {
		c.prove(p)
	}
	return p.err
}
