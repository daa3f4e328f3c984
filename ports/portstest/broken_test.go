package portstest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

// broken are stores with one fault each, and the case that must find it.
var broken = []struct {
	fault    string
	caughtBy string // SUITE/CASE
	wreck    func(s *ports.Services)
}{
	{"a log shared by all tenants", "Audit/append to one tenant's log",
		func(s *ports.Services) { s.Audit = sharedLog{s.Audit} }},
	{"a log that shows an unwritable event's entry", "Audit/append what can't be written",
		func(s *ports.Services) { s.Audit = silentLog{s.Audit} }},
	{"a log that forgets who acts", "Audit/who, in which request and why",
		func(s *ports.Services) { s.Audit = anonymousLog{s.Audit} }},
	{"a log that lists the oldest first", "Audit/list in pages",
		func(s *ports.Services) { s.Audit = backwardLog{s.Audit} }},
	{"a log whose pages overlap", "Audit/list from a place",
		func(s *ports.Services) { s.Audit = inclusiveLog{s.Audit} }},
	{"a log that finds actions by their beginning", "Audit/list an action's",
		func(s *ports.Services) { s.Audit = anyAction{s.Audit} }},
	{"a log whose entries are altered", "Audit/entries are a chain",
		func(s *ports.Services) { s.Audit = alteredLog{s.Audit} }},
	{"a log that exports a page", "Audit/export all pages",
		func(s *ports.Services) { s.Audit = pagedExport{s.Audit} }},
	{"a log that says nothing of its end", "Audit/ends",
		func(s *ports.Services) { s.Audit = endlessLog{s.Audit} }},
	{"a log that lacks the updates", "Audit/entry of Resources.Put resource.update",
		func(s *ports.Services) { s.Audit = withoutUpdates{s.Audit} }},
	{"a put that is logged before it is refused",
		"Audit/no entry of Resources.Put resource.create refused",
		func(s *ports.Services) { s.Resources = loggedFirst{s.Resources, s.Audit} }},
	{"an import that is logged before it fails", "Audit/no entry of an import that failed",
		func(s *ports.Services) { s.Transfers = importLoggedFirst{s.Transfers, s.Audit} }},
	{"a view that shows no tenant's entries", "PlatformAudit/list all logs in pages",
		func(s *ports.Services) { s.PlatformAudit = platformOnly{s.PlatformAudit} }},
	{"an entry of no tenant in a tenant's log", "PlatformAudit/append what is no tenant's",
		func(s *ports.Services) { s.PlatformAudit = defaultsLog{s.PlatformAudit, s.Audit} }},

	{"an update that doesn't compare versions", "Tenants/update of another version",
		func(s *ports.Services) { s.Tenants = blindUpdate{s.Tenants} }},
	{"a list whose cursor is inclusive", "Tenants/list after",
		func(s *ports.Services) { s.Tenants = inclusiveTenants{s.Tenants} }},
	{"slugs of deleted tenants that aren't found", "Tenants/by slug in any state",
		func(s *ports.Services) { s.Tenants = forgetDeleted{s.Tenants} }},
	{"settings that are shared with the caller", "Tenants/what goes in is copied",
		func(s *ports.Services) { s.Tenants = newAliasing(s.Tenants) }},
	{"no ids taken for all ids", "Tenants/list by ids",
		func(s *ports.Services) { s.Tenants = noneIsAll{s.Tenants} }},

	{"a purge that removes nothing", "Tenants/purge removes everything",
		func(s *ports.Services) { s.Tenants = hidesPurged{s.Tenants, &sync.Map{}} }},
	{"a purge that deletes first", "Tenants/purge of what isn't deleted",
		func(s *ports.Services) { s.Tenants = rashPurge{s.Tenants} }},
	{"quotas that are forgotten", "Resources/put beyond a quota",
		func(s *ports.Services) { s.Tenants = generous{s.Tenants} }},
	{"quotas that imports don't heed", "Transfers/import beyond a quota",
		func(s *ports.Services) { s.Tenants = generous{s.Tenants} }},
	{"a rotation that looks at the id alone", "Keys/rotate another's",
		func(s *ports.Services) { newKeyLog(s).revoke = true }},
	{"a rotation that ends nothing", "Keys/rotate ends the old key",
		func(s *ports.Services) { s.Keys = endlessKeys{s.Keys} }},

	{"keys of deleted tenants that still work", "Keys/find nothing",
		func(s *ports.Services) { newKeyLog(s).find = true }},
	{"a revocation that looks at the id alone", "Keys/revoke another's",
		func(s *ports.Services) { newKeyLog(s).revoke = true }},
	{"a list that answers hashes", "Keys/list without hashes",
		func(s *ports.Services) { newKeyLog(s).hashes = true }},
	{"a list of every tenant's keys", "Keys/list one tenant's keys",
		func(s *ports.Services) { newKeyLog(s).list = true }},

	{"addresses that differ by the size of letters", "Users/by address",
		func(s *ports.Services) { s.Users = lettersCount{s.Users} }},
	{"an update that puts back what it has read", "Users/update what is given",
		func(s *ports.Services) { s.Users = wholeUpdate{s.Users} }},
	{"no users taken for all users", "Users/list by ids",
		func(s *ports.Services) { s.Users = noUsersIsAll{s.Users} }},
	{"a removal that leaves memberships", "Users/remove a user",
		func(s *ports.Services) { s.Users = forgetfulRemoval{s.Users, s.Memberships, s.Members} }},

	{"a member of any tenant", "Members/get one tenant's member",
		func(s *ports.Services) { s.Members = anywhere{s.Members, s.Memberships} }},
	{"a removal from any tenant", "Members/remove another's",
		func(s *ports.Services) { s.Members = anywhere{s.Members, s.Memberships} }},
	{"no last admin that is removed", "Members/remove the only admin",
		func(s *ports.Services) { s.Members = anybodysAdmin{s.Members, s.Users} }},
	{"no last admin that is put down", "Members/put the only admin down",
		func(s *ports.Services) { s.Members = anybodysAdmin{s.Members, s.Users} }},
	{"no last admin in a race", "Members/the last admin is left",
		func(s *ports.Services) { s.Members = anybodysAdmin{s.Members, s.Users} }},
	{"every membership a new one", "Members/put adds, then changes",
		func(s *ports.Services) { s.Members = beginsAgain{s.Members} }},
	{"places in deleted tenants", "Members/a user's deleted tenants",
		func(s *ports.Services) {
			b := deletedToo{s.Members, s.Memberships, &sync.Map{}}
			s.Members, s.Memberships = b, b
		}},

	{"a revocation that looks at the id alone", "Invitations/revoke another's",
		func(s *ports.Services) { newInvitationLog(s).foreign = true }},
	{"invitations of whoever may invite no longer", "Invitations/who may invite",
		func(s *ports.Services) { newInvitationLog(s).dead = true }},
	{"an invitation for many", "Invitations/accept at once",
		func(s *ports.Services) { newInvitationLog(s).reused = true }},
	{"an invitation that takes a role away", "Invitations/accept less than one has",
		func(s *ports.Services) { newInvitationLog(s).lowers = true }},

	{"a session that ends for whoever knows its id", "Sessions/revoke a session",
		func(s *ports.Services) { s.Sessions = anybodysSession{s.Sessions, s.Users} }},
	{"a session by a former password", "Sessions/create after a change of the password",
		func(s *ports.Services) { s.Sessions = formerPassword{s.Sessions} }},
	{"a list of expired sessions", "Sessions/list sessions",
		func(s *ports.Services) { s.Sessions = expiredSessions{s.Sessions} }},
	{"sessions that don't expire", "Sessions/find no session",
		func(s *ports.Services) { s.SessionFinder = deafFinder{s.SessionFinder} }},
	{"a former secret without an overlap", "Sessions/renew a session",
		func(s *ports.Services) { s.SessionFinder = suddenRenewal{s.SessionFinder} }},
	{"a use that is noted wrongly", "Sessions/see a session",
		func(s *ports.Services) { s.SessionFinder = exactSeeing{s.SessionFinder} }},
	{"a password that ends no session", "Passwords/set a password",
		func(s *ports.Services) { s.Passwords = keepsSessions{s.Passwords} }},
	{"a hash that overwrites a newer password", "Passwords/improve a password",
		func(s *ports.Services) { s.Passwords = lateImprover{s.Passwords} }},
	{"attempts that are counted while they wait", "LoginAttempts/one subject waits, none is counted",
		func(s *ports.Services) { s.LoginAttempts = hastyAttempts{s.LoginAttempts} }},
	{"attempts that aren't forgotten", "LoginAttempts/clear attempts",
		func(s *ports.Services) { s.LoginAttempts = clearingAttempts{s.LoginAttempts} }},
	{"a subject that is the same at every issuer", "Identities/bind an identity",
		func(s *ports.Services) { s.Identities = looseIdentities{s.Identities} }},

	{"a list of every tenant's resources", "Resources/list one tenant's resources",
		func(s *ports.Services) { s.Resources = listAll{s.Resources, s.Tenants} }},
	{"a cache that forgets the tenant", "Resources/get one tenant's resource",
		func(s *ports.Services) { s.Resources = newCarelessCache(s.Resources) }},
	{"the zero tenant taken for the default one", "Resources/no tenant, no resources",
		func(s *ports.Services) { s.Resources = magicZero{s.Resources} }},
	{"a put that forgets labels", "Resources/put stores labels",
		func(s *ports.Services) { s.Resources = putWith{s.Resources, forgetLabels} }},
	{"a put that keeps old labels", "Resources/put creates, then replaces",
		func(s *ports.Services) { s.Resources = mergeLabels{s.Resources} }},
	{"a put that ignores its condition", "Resources/put with a condition",
		func(s *ports.Services) { s.Resources = unconditional{s.Resources} }},
	{"a put that forgets unknown members", "Resources/get what was put",
		func(s *ports.Services) { s.Resources = putWith{s.Resources, forgetUnknown} }},
	{"a delete that ignores its condition", "Resources/delete with a condition",
		func(s *ports.Services) { s.Resources = unconditional{s.Resources} }},
	{"a delete that doesn't look for referrers", "Resources/delete what is referred to",
		func(s *ports.Services) { s.Resources = heedless{s.Resources} }},
	{"a get that shows secrets", "Resources/secrets leave nowhere",
		func(s *ports.Services) { s.Resources = indiscreet{s.Resources, s.Vault} }},
	{"a list whose cursor is inclusive", "Resources/list after",
		func(s *ports.Services) { s.Resources = inclusive{s.Resources} }},
	{"a search that knows wildcards", "Resources/search",
		func(s *ports.Services) { s.Resources = wildcards{s.Resources} }},

	{"an export out of order", "Transfers/export in order",
		func(s *ports.Services) { s.Transfers = unsorted{s.Transfers} }},
	{"an export that reads while it yields", "Transfers/export from one snapshot",
		func(s *ports.Services) { s.Transfers = noSnapshot{s.Transfers, s.Resources} }},
	{"an export of every label", "Transfers/export labels",
		func(s *ports.Services) { s.Transfers = anyLabel{s.Transfers} }},
	{"an import that stays when it failed", "Transfers/import happens not at all",
		func(s *ports.Services) { s.Transfers = notAtomic{s.Transfers} }},
	{"imports that begin before the last one ended", "Transfers/imports never overlap",
		func(s *ports.Services) { s.Transfers = overlapping{s.Transfers} }},
	{"an import that counts versions itself", "Transfers/created from the bundle",
		func(s *ports.Services) { s.Transfers = importing{s.Transfers, ownVersions} }},
	{"an import that overlooks dangling references", "Transfers/import a dangling reference",
		func(s *ports.Services) { s.Transfers = importing{s.Transfers, overlookDangling} }},
	{"an import that compares out of order", "Transfers/compare",
		func(s *ports.Services) { s.Transfers = importing{s.Transfers, compareBackwards} }},
	{"an import that takes every singleton for pristine", "Transfers/pristine no longer",
		func(s *ports.Services) { s.Transfers = importing{s.Transfers, alwaysPristine} }},
	{"an import that doesn't see what is staged", "Transfers/exists",
		func(s *ports.Services) { s.Transfers = importing{s.Transfers, seesTargetOnly} }},
	{"an import that asks for no secrets", "Transfers/secrets required",
		func(s *ports.Services) { s.Transfers = importing{s.Transfers, asksNoSecrets} }},

	{"a vault shared by all tenants", "Vault/one tenant's secret",
		func(s *ports.Services) { s.Vault = sharedVault{s.Vault} }},
	{"a vault that hands out its own memory", "Vault/values are copied",
		func(s *ports.Services) { s.Vault = newOpenVault(s.Vault) }},

	{"changes of tenants that nobody hears of", "ChangeNotifier/tenant change is notified",
		deafTo(ports.TenantChanged)},
	{"people whom nobody hears of", "ChangeNotifier/user and membership changes are notified", deafTo(ports.UserChanged)},
	{"revocations that nobody hears of", "ChangeNotifier/revoked key is notified", deafTo(ports.KeyChanged)},
	{"keys that are announced when they are used", "ChangeNotifier/used key isn't notified", talkativeFinder},
	{"keys that are announced when they are made", "ChangeNotifier/new key isn't notified",
		talkativeKeys},
	{"announcements all at the same time", "ChangeNotifier/notifications come one at a time until stop", atOnce},
	{"announcements without an end", "ChangeNotifier/notifications come one at a time until stop",
		func(s *ports.Services) { s.ChangeNotifier = endless{s.ChangeNotifier} }},
	{"announcements that come after all is settled", "ChangeNotifier/flush waits for delivery", late},
	{"announcements that come late while they are said to be current", "ChangeNotifier/healthy notifier has delivered old changes",
		late},
}

func TestSuitesCatchBrokenStores(t *testing.T) {
	t.Parallel()
	for _, b := range broken {
		suite, _, _ := strings.Cut(b.caughtBy, "/")
		t.Run(suite+"/"+b.fault, func(t *testing.T) {
			t.Parallel()
			caught := catches(t, suite, b.wreck)
			for name, err := range caught {
				t.Logf("caught by %s: %v", name, err)
			}
			if caught[b.caughtBy] == nil {
				t.Errorf("%s passes %s", b.fault, b.caughtBy)
			}
		})
	}
}

// TestSuitesPassTheModel shows that the faults are what is caught.
func TestSuitesPassTheModel(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{
		"Passwords", "Sessions", "LoginAttempts", "Identities", "Audit", "PlatformAudit", "Tenants",
		"Keys", "Users", "Members", "Invitations",
		"Resources", "Transfers", "Vault", "ChangeNotifier",
	} {
		for name, err := range catches(t, suite, func(*ports.Services) {}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSuitesRefuseAMissingPort(t *testing.T) {
	t.Parallel()
	for _, c := range portstest.Clauses() {
		s := newModel(t)
		s.Vault = nil
		if c.Check(t.Context(), s) == nil {
			t.Errorf("%s passes a store without a vault", c.Name)
		}
	}
}

// tooSlow is a case that is not run against every broken store. What it finds
// beyond the others is how a store takes many items.
const tooSlow = "Transfers/apply 2000 items"

// catches runs one suite against wrecked stores and answers what its cases say.
func catches(t *testing.T, suite string, wreck func(*ports.Services)) map[string]error {
	t.Helper()
	caught := map[string]error{}
	for _, c := range portstest.Clauses() {
		if !strings.HasPrefix(c.Name, suite+"/") || c.Name == tooSlow {
			continue
		}
		s := newModel(t)
		wreck(&s)
		if err := c.Check(t.Context(), s); err != nil {
			caught[c.Name] = err
		}
	}
	return caught
}

func newModel(t *testing.T) ports.Services {
	t.Helper()
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	return memory.New(kinds, memory.Options{}).Services()
}
