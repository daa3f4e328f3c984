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

// broken lists stores with one fault each, and the case that must find it.
var broken = []struct {
	fault    string
	caughtBy string // SUITE/CASE
	modify   func(s *ports.Services)
}{
	{"audit log is shared by all tenants", "Audit/entry is appended to one tenant's log",
		func(s *ports.Services) { s.Audit = sharedAuditLog{s.Audit} }},
	{"audit log accepts an invalid event", "Audit/invalid event is refused",
		func(s *ports.Services) { s.Audit = acceptsInvalidEvents{s.Audit} }},
	{"audit log drops the actor", "Audit/entry names actor, request and reason",
		func(s *ports.Services) { s.Audit = dropsActor{s.Audit} }},
	{"audit log lists the oldest first", "Audit/list pages newest first",
		func(s *ports.Services) { s.Audit = listsOldestFirst{s.Audit} }},
	{"audit log's pages overlap", "Audit/list continues before a Seq",
		func(s *ports.Services) { s.Audit = inclusiveAuditCursor{s.Audit} }},
	{"audit log matches a prefix of an action", "Audit/list selects an action",
		func(s *ports.Services) { s.Audit = matchesActionPrefix{s.Audit} }},
	{"audit log ignores the outcome of an actor's entries", "Audit/list combines its filters",
		func(s *ports.Services) { s.Audit = ignoresOutcomeOfActor{s.Audit} }},
	{"audit log's entries are altered", "Audit/entries form a chain",
		func(s *ports.Services) { s.Audit = altersEntries{s.Audit} }},
	{"audit log exports one page only", "Audit/export ignores Before and Limit",
		func(s *ports.Services) { s.Audit = limitsExport{s.Audit} }},
	{"audit log hides the end of its chain", "Audit/ends are both ends of the chain",
		func(s *ports.Services) { s.Audit = hidesChainEnd{s.Audit} }},
	{"audit log lacks the updates", "Audit/one entry of Resources.Put resource.update",
		func(s *ports.Services) { s.Audit = dropsUpdateEntries{s.Audit} }},
	{"refused put is in the audit log",
		"Audit/no entry of a refused Resources.Put resource.create",
		func(s *ports.Services) { s.Resources = logsRefusedPuts{s.Resources, s.Audit} }},
	{"failed import is in the audit log", "Audit/no entry of a failed import",
		func(s *ports.Services) { s.Transfers = logsFailedImports{s.Transfers, s.Audit} }},
	{"platform audit log lacks the tenants' entries",
		"PlatformAudit/list pages all logs newest first",
		func(s *ports.Services) { s.PlatformAudit = listsPlatformEntriesOnly{s.PlatformAudit} }},
	{"platform entry is in a tenant's audit log",
		"PlatformAudit/platform entry belongs to no tenant",
		func(s *ports.Services) {
			s.PlatformAudit = appendsToDefaultTenant{s.PlatformAudit, s.Audit}
		}},

	{"update ignores the version", "Tenants/update refuses another version",
		func(s *ports.Services) { s.Tenants = ignoresTenantVersion{s.Tenants} }},
	{"list of tenants includes the cursor", "Tenants/list continues after a slug",
		func(s *ports.Services) { s.Tenants = inclusiveTenantCursor{s.Tenants} }},
	{"deleted tenant's slug isn't found", "Tenants/bySlug returns a tenant in any state",
		func(s *ports.Services) { s.Tenants = hidesDeletedSlugs{s.Tenants} }},
	{"settings are shared with the caller", "Tenants/stored settings are copies",
		func(s *ports.Services) { s.Tenants = newSharesSettings(s.Tenants) }},
	{"empty ids select all tenants", "Tenants/list selects ids",
		func(s *ports.Services) { s.Tenants = emptyIDsSelectAll{s.Tenants} }},

	{"purge removes nothing", "Tenants/purge removes everything",
		func(s *ports.Services) { s.Tenants = purgesNothing{s.Tenants, &sync.Map{}} }},
	{"purge deletes the tenant first", "Tenants/purge refuses a tenant that isn't deleted",
		func(s *ports.Services) { s.Tenants = purgeDeletesFirst{s.Tenants} }},
	{"put ignores quotas", "Resources/put over the quota is refused",
		func(s *ports.Services) { s.Tenants = dropsQuotas{s.Tenants} }},
	{"import ignores quotas", "Transfers/import over the quota is refused",
		func(s *ports.Services) { s.Tenants = dropsQuotas{s.Tenants} }},
	{"rotation ignores the tenant", "Keys/rotate refuses another tenant's key",
		func(s *ports.Services) { newKeyRecorder(s).anyTenant = true }},
	{"rotated key stays valid", "Keys/rotated key expires",
		func(s *ports.Services) { s.Keys = rotatedKeysStayValid{s.Keys} }},

	{"deleted tenant's keys are found", "Keys/find refuses unknown keys and deleted tenants",
		func(s *ports.Services) { newKeyRecorder(s).findsAny = true }},
	{"key revocation ignores the tenant", "Keys/revoke removes only the tenant's own key",
		func(s *ports.Services) { newKeyRecorder(s).anyTenant = true }},
	{"list returns key hashes", "Keys/list leaves hashes zero",
		func(s *ports.Services) { newKeyRecorder(s).listsHashes = true }},
	{"list returns every tenant's keys", "Keys/list returns one tenant's keys",
		func(s *ports.Services) { newKeyRecorder(s).listsAll = true }},

	{"addresses are case-sensitive", "Users/byEmail ignores letter case",
		func(s *ports.Services) { s.Users = caseSensitiveEmails{s.Users} }},
	{"update resets the other fields", "Users/update changes the given fields",
		func(s *ports.Services) { s.Users = resetsSuperAdmin{s.Users} }},
	{"empty ids select all users", "Users/list selects ids and continues after an address",
		func(s *ports.Services) { s.Users = emptyUserIDsSelectAll{s.Users} }},
	{"removed user's memberships stay", "Users/remove ends all memberships",
		func(s *ports.Services) {
			s.Users = removeKeepsMemberships{s.Users, s.Memberships, s.Members}
		}},

	{"get ignores the tenant", "Members/get returns one tenant's member",
		func(s *ports.Services) { s.Members = ignoresMemberTenant{s.Members, s.Memberships} }},
	{"remove ignores the tenant", "Members/remove refuses another tenant's member",
		func(s *ports.Services) { s.Members = ignoresMemberTenant{s.Members, s.Memberships} }},
	{"last admin can be removed", "Members/remove refuses the only admin",
		func(s *ports.Services) { s.Members = ignoresLastAdmin{s.Members, s.Users} }},
	{"last admin can be demoted", "Members/put refuses to demote the only admin",
		func(s *ports.Services) { s.Members = ignoresLastAdmin{s.Members, s.Users} }},
	{"last admin is lost in a race", "Members/concurrent changes leave the last admin",
		func(s *ports.Services) { s.Members = ignoresLastAdmin{s.Members, s.Users} }},
	{"every membership is reported as new", "Members/put adds, then changes",
		func(s *ports.Services) { s.Members = alwaysCreated{s.Members} }},
	{"deleted tenants' memberships are listed",
		"Members/memberships of deleted tenants are left out",
		func(s *ports.Services) {
			b := listsDeletedTenants{s.Members, s.Memberships, &sync.Map{}}
			s.Members, s.Memberships = b, b
		}},

	{"invitation revocation ignores the tenant",
		"Invitations/revoke removes only the tenant's own invitation",
		func(s *ports.Services) { newInvitationRecorder(s).anyTenant = true }},
	{"inviter isn't checked", "Invitations/find needs an inviter who may still invite",
		func(s *ports.Services) { newInvitationRecorder(s).unchecked = true }},
	{"invitation is accepted many times", "Invitations/concurrent accepts succeed once",
		func(s *ports.Services) { newInvitationRecorder(s).reusable = true }},
	{"invitation lowers a role", "Invitations/accept never lowers a role",
		func(s *ports.Services) { newInvitationRecorder(s).lowersRole = true }},

	{"revocation ignores the user", "Sessions/revoke ends the user's own session",
		func(s *ports.Services) { s.Sessions = revokesByIDAlone{s.Sessions, s.Users} }},
	{"former password creates a session", "Sessions/create refuses a former password",
		func(s *ports.Services) { s.Sessions = acceptsFormerPassword{s.Sessions} }},
	{"list returns expired sessions", "Sessions/list returns unexpired sessions newest first",
		func(s *ports.Services) { s.Sessions = listsExpiredSessions{s.Sessions} }},
	{"expired session is found", "Sessions/find refuses unknown and expired sessions",
		func(s *ports.Services) { s.SessionFinder = findsExpiredSessions{s.SessionFinder} }},
	{"renewal has no overlap", "Sessions/renew replaces the secret",
		func(s *ports.Services) { s.SessionFinder = renewsWithoutOverlap{s.SessionFinder} }},
	{"use is recorded with another minute", "Sessions/touch records the minute of use",
		func(s *ports.Services) { s.SessionFinder = touchesNextMinute{s.SessionFinder} }},
	{"new password ends no session", "Passwords/set ends the user's other sessions",
		func(s *ports.Services) { s.Passwords = setKeepsSessions{s.Passwords} }},
	{"rehash overwrites a newer password", "Passwords/rehash replaces a hash only once",
		func(s *ports.Services) { s.Passwords = rehashOverwrites{s.Passwords} }},
	{"attempts are counted while one waits", "LoginAttempts/no subject is counted if one waits",
		func(s *ports.Services) { s.LoginAttempts = countsWhileWaiting{s.LoginAttempts} }},
	{"clear takes back one attempt only", "LoginAttempts/clear forgets a subject's attempts",
		func(s *ports.Services) { s.LoginAttempts = clearRefundsOne{s.LoginAttempts} }},
	{"identity ignores the issuer", "Identities/bound identity is found",
		func(s *ports.Services) { s.Identities = ignoresIssuer{s.Identities} }},

	{"list returns every tenant's resources", "Resources/list returns one tenant's resources",
		func(s *ports.Services) { s.Resources = listsAllTenants{s.Resources, s.Tenants} }},
	{"cache ignores the tenant", "Resources/get returns one tenant's resource",
		func(s *ports.Services) { s.Resources = newCacheWithoutTenant(s.Resources) }},
	{"zero tenant is the default one", "Resources/zero tenant is refused",
		func(s *ports.Services) { s.Resources = zeroIsDefaultTenant{s.Resources} }},
	{"put drops labels", "Resources/put stores labels",
		func(s *ports.Services) { s.Resources = changesPut{s.Resources, dropLabels} }},
	{"put keeps old labels", "Resources/put creates, then replaces",
		func(s *ports.Services) { s.Resources = mergesLabels{s.Resources} }},
	{"put ignores its condition", "Resources/put checks its condition",
		func(s *ports.Services) { s.Resources = ignoresConditions{s.Resources} }},
	{"put drops unknown members", "Resources/get returns the stored item",
		func(s *ports.Services) { s.Resources = changesPut{s.Resources, dropUnknownMember} }},
	{"delete ignores its condition", "Resources/delete checks its condition",
		func(s *ports.Services) { s.Resources = ignoresConditions{s.Resources} }},
	{"delete ignores referrers", "Resources/delete refuses a referenced resource",
		func(s *ports.Services) { s.Resources = ignoresReferrers{s.Resources} }},
	{"get reveals secrets", "Resources/secret is never returned",
		func(s *ports.Services) { s.Resources = revealsSecrets{s.Resources, s.Vault} }},
	{"list of resources includes the cursor", "Resources/list continues after a name",
		func(s *ports.Services) { s.Resources = inclusiveResourceCursor{s.Resources} }},
	{"search has wildcards", "Resources/list searches names and descriptions",
		func(s *ports.Services) { s.Resources = trimsWildcards{s.Resources} }},

	{"export is out of order", "Transfers/export is in the order of refs",
		func(s *ports.Services) { s.Transfers = exportsBackwards{s.Transfers} }},
	{"export reads no snapshot", "Transfers/export reads one snapshot",
		func(s *ports.Services) { s.Transfers = exportsWithoutSnapshot{s.Transfers, s.Resources} }},
	{"export ignores labels", "Transfers/export selects labels",
		func(s *ports.Services) {
			s.Transfers = exportsOther{s.Transfers, func(sel *ports.Selection) { sel.Labels = nil }}
		}},
	{"export ignores names", "Transfers/export selects names",
		func(s *ports.Services) {
			s.Transfers = exportsOther{s.Transfers, func(sel *ports.Selection) { sel.Names = nil }}
		}},
	{"export ignores missing names", "Transfers/export of a missing name is refused",
		func(s *ports.Services) { s.Transfers = exportsMissingNames{s.Transfers} }},
	{"export adds no references", "Transfers/export adds references",
		func(s *ports.Services) {
			s.Transfers = exportsOther{s.Transfers,
				func(sel *ports.Selection) { sel.WithReferences = false }}
		}},
	{"export follows references once", "Transfers/export adds references",
		func(s *ports.Services) { s.Transfers = followsOnce{s.Transfers, s.Kinds} }},
	{"failed import is stored", "Transfers/failed import stores nothing",
		func(s *ports.Services) { s.Transfers = keepsFailedImports{s.Transfers} }},
	{"imports overlap", "Transfers/imports never overlap",
		func(s *ports.Services) { s.Transfers = overlapsImports{s.Transfers} }},
	{"import resets versions", "Transfers/created item has the bundle's version",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, resetVersions} }},
	{"import writes what was left out", "Transfers/reference to a left-out item is refused",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, writeLeftOut} }},
	{"decide is called twice", "Transfers/apply writes the decided items",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, decideTwice} }},
	{"decide doesn't get the target's item", "Transfers/decide gets the pairs of compare",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, decideAlone} }},
	{"decide goes on after an error", "Transfers/decide stops at an error",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, decideOn} }},
	{"compare goes on after an error", "Transfers/compare stops at yield's error",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, compareOn} }},
	{"decide writes at once", "Transfers/decide alone changes nothing",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, applyAtOnce} }},
	{"apply writes undecided items", "Transfers/apply without decide writes nothing",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, applyUndecided} }},
	{"import ignores dangling references", "Transfers/dangling reference is refused",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, ignoreDangling} }},
	{"compare is out of order", "Transfers/compare pairs staged and stored items",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, compareBackwards} }},
	{"every singleton is pristine", "Transfers/changed singleton isn't pristine",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, alwaysPristine} }},
	{"exists ignores staged items", "Transfers/exists finds stored and staged items",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, ignoreStaged} }},
	{"import reports no missing secrets", "Transfers/apply returns missing secrets",
		func(s *ports.Services) { s.Transfers = wrapsImport{s.Transfers, reportNoSecrets} }},

	{"vault is shared by all tenants", "Vault/secret belongs to one tenant",
		func(s *ports.Services) { s.Vault = sharedVault{s.Vault} }},
	{"unset ignores the tenant", "Vault/unset removes a value",
		func(s *ports.Services) { s.Vault = unsetsForAll{s.Vault, s.Tenants} }},
	{"list of secrets includes the cursor", "Vault/list is in the order of names",
		func(s *ports.Services) { s.Vault = inclusiveSecretCursor{s.Vault} }},
	{"uses of secrets are left out in silence", "Resources/more uses of a secret are announced",
		func(s *ports.Services) { s.Resources = hidesMoreUses{s.Resources} }},
	{"vault shares its memory", "Vault/stored values are copies",
		func(s *ports.Services) { s.Vault = newSharesValues(s.Vault) }},

	{"tenant changes aren't notified", "ChangeNotifier/tenant change is notified",
		dropsKind(ports.TenantChanged)},
	{"user changes aren't notified", "ChangeNotifier/user and membership changes are notified",
		dropsKind(ports.UserChanged)},
	{"revoked keys aren't notified", "ChangeNotifier/revoked key is notified",
		dropsKind(ports.KeyChanged)},
	{"used keys are notified", "ChangeNotifier/used key isn't notified", notifiesUsedKeys},
	{"new keys are notified", "ChangeNotifier/new key isn't notified",
		notifiesNewKeys},
	{"notifications overlap", "ChangeNotifier/notifications come one at a time until stop",
		overlapsCalls},
	{"notifications go on after stop", "ChangeNotifier/notifications come one at a time until stop",
		func(s *ports.Services) { s.ChangeNotifier = ignoresStop{s.ChangeNotifier} }},
	{"notifications come after Flush", "ChangeNotifier/flush waits for delivery", delaysCalls},
	{"notifications are late while Healthy is true",
		"ChangeNotifier/healthy notifier has delivered old changes",
		delaysCalls},
}

func TestBrokenStoreFailsItsCase(t *testing.T) {
	t.Parallel()
	for _, b := range broken {
		suite, _, _ := strings.Cut(b.caughtBy, "/")
		t.Run(suite+"/"+b.fault, func(t *testing.T) {
			t.Parallel()
			failed := runSuite(t, suite, b.modify)
			for name, err := range failed {
				t.Logf("caught by %s: %v", name, err)
			}
			if failed[b.caughtBy] == nil {
				t.Errorf("a store with the fault %q passes %s", b.fault, b.caughtBy)
			}
		})
	}
}

// TestMemoryStorePassesEverySuite shows that the suites find only the faults.
func TestMemoryStorePassesEverySuite(t *testing.T) {
	t.Parallel()
	for _, suite := range []string{
		"Passwords", "Sessions", "LoginAttempts", "Identities", "Audit", "PlatformAudit", "Tenants",
		"Keys", "Users", "Members", "Invitations",
		"Resources", "Transfers", "Vault", "InstanceKeys", "ChangeNotifier",
	} {
		for name, err := range runSuite(t, suite, func(*ports.Services) {}) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMissingPortFailsEveryCase(t *testing.T) {
	t.Parallel()
	for _, c := range portstest.Cases() {
		s := newMemoryStore(t)
		s.Vault = nil
		if c.Check(t.Context(), s) == nil {
			t.Errorf("a store without a vault passes %s", c.Name)
		}
	}
}

// slowCase is a case that is not run against every broken store. What it finds
// beyond the others is how a store takes many items.
const slowCase = "Transfers/apply writes 2000 items"

// runSuite runs one suite, each case with a new memory store that modify has changed,
// and returns the errors by case.
func runSuite(t *testing.T, suite string, modify func(*ports.Services)) map[string]error {
	t.Helper()
	failed := map[string]error{}
	for _, c := range portstest.Cases() {
		if !strings.HasPrefix(c.Name, suite+"/") || c.Name == slowCase {
			continue
		}
		s := newMemoryStore(t)
		modify(&s)
		if err := c.Check(t.Context(), s); err != nil {
			failed[c.Name] = err
		}
	}
	return failed
}

func newMemoryStore(t *testing.T) ports.Services {
	t.Helper()
	kinds, err := federation.NewKinds(portstest.Kinds()...)
	if err != nil {
		t.Fatal(err)
	}
	return memory.New(kinds, memory.Options{}).Services()
}
