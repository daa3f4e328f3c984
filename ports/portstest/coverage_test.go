package portstest_test

import (
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantOwned lists the ports in which every method belongs to one tenant.
var tenantOwned = []reflect.Type{
	reflect.TypeFor[ports.Audit](), reflect.TypeFor[ports.Keys](), reflect.TypeFor[ports.Members](),
	reflect.TypeFor[ports.Invitations](),
	reflect.TypeFor[ports.Resources](), reflect.TypeFor[ports.Transfers](),
	reflect.TypeFor[ports.Import](), reflect.TypeFor[ports.Vault](),
}

// crossTenant lists the other ports, each with the reason.
var crossTenant = map[reflect.Type]string{
	reflect.TypeFor[ports.PlatformAudit]():    "it is the view over all tenants",
	reflect.TypeFor[ports.Tenants]():          "it stores the tenants themselves",
	reflect.TypeFor[ports.KeyFinder]():        "it finds the tenant of a key",
	reflect.TypeFor[ports.Users]():            "users belong to no tenant",
	reflect.TypeFor[ports.InvitationFinder](): "it finds the tenant of an invitation",
	reflect.TypeFor[ports.Memberships]():      "it finds the tenants of a user",
	reflect.TypeFor[ports.ChangeNotifier]():   "it reports which tenants have changed",
	reflect.TypeFor[ports.Passwords]():        "users belong to no tenant",
	reflect.TypeFor[ports.Sessions]():         "users belong to no tenant",
	reflect.TypeFor[ports.SessionFinder]():    "it finds the user of a secret",
	reflect.TypeFor[ports.LoginAttempts]():    "an attempt doesn't say for which tenant it is",
	reflect.TypeFor[ports.Identities]():       "users belong to no tenant",
	reflect.TypeFor[ports.InstanceKeys]():     "the keys belong to the installation",
}

func TestEveryMethodHasAnIsolationCase(t *testing.T) {
	t.Parallel()
	isolated := map[string]bool{}
	for _, c := range portstest.Cases() {
		for _, method := range c.Isolates {
			isolated[method] = true
		}
	}
	for _, port := range tenantOwned {
		for method := range port.Methods() {
			name := port.Name() + "." + method.Name
			if !isolated[name] {
				t.Errorf("no case proves the isolation of %s", name)
			}
			delete(isolated, name)
		}
	}
	for name := range isolated {
		t.Errorf("a case proves the isolation of %s, which no tenant-owned port has", name)
	}
}

func TestEveryPortIsOwnedOrAnException(t *testing.T) {
	t.Parallel()
	for field := range reflect.TypeFor[ports.Services]().Fields() {
		if field.Type.Kind() != reflect.Interface {
			continue
		}
		if _, exception := crossTenant[field.Type]; !exception &&
			!slices.Contains(tenantOwned, field.Type) {
			t.Errorf("ports.%s has no suite: it is neither tenant-owned nor an exception",
				field.Type.Name())
		}
	}
}

func TestCaseNamesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, c := range portstest.Cases() {
		if seen[c.Name] {
			t.Errorf("there are two cases %q", c.Name)
		}
		seen[c.Name] = true
	}
}

// introductions are the sentences of package ports that promise nothing: they say
// what a type or a field is.
var introductions = []string{
	"Audit is the audit log of a tenant.",
	"PlatformAudit is the audit log of everything that belongs to no tenant, and the view of" +
		" all audit logs.",
	"AuditQuery selects entries of one chain.",
	"PlatformAuditQuery selects entries of all chains.",
	"AuditCursor is the position of an entry in the list of all chains' entries.",
	"ChangeNotifier reports changes of tenants, API keys, users and memberships, so that callers" +
		" can invalidate their caches.",
	"ChangeNotifier reports changes.",
	"ChangeNotification names one thing that has changed.",
	"ChangeKind says what has changed.",
	"The kinds of changes.",
	"of the tenant, API key or user",
	"zero for [AnythingChanged]",
	"the user, or one of their memberships",
	"Condition makes a write depend on what is stored.",
	"Decision says what happens to a staged item.",
	"Identities stores which user an account at an OpenID provider belongs to.",
	"Import is an import in progress.",
	"InstanceKeys holds the keys with which the installation signs the bundles that it exports.",
	"InstanceKeys signs bundles.",
	"InvitationFinder finds the invitation of a token before the tenant is known, and accepts it.",
	"Invitations stores the open invitations of a tenant.",
	"KeyFinder finds the key of a secret before the tenant is known.",
	"Keys stores the API keys of a tenant.",
	"Members stores the memberships of a tenant.",
	"Memberships finds the tenants of a user before any tenant is known.",
	"MembershipQuery selects tenants of a user.",
	"TenantRole is a tenant with a user's role in it.",
	"Passwords stores the password hashes of users.",
	"SecretQuery selects secrets to which items refer.",
	"StoredSecret is a secret that has a value.",
	"UsedSecret is a secret to which items refer.",
	"ResourceQuery selects resources of one kind.",
	"Selection says which items to export.",
	"Services holds all ports of one adapter: what a driving adapter needs to serve a registry.",
	"SessionFinder finds the session of a secret before the user is known.",
	"SessionRenewal is what a session gets when it is renewed.",
	"Sessions stores the sessions of users.",
	"Subject is the target of attempts, or where they come from.",
	"SubjectKey identifies a subject without revealing it.",
	"TenantQuery selects tenants.",
	"Tenants stores the tenants of an installation.",
	"UserChange says which fields of a user to change.",
	"UserQuery selects users.",
	"Users stores the users of an installation.",
}

const (
	aboutCallers    = "it is about callers"
	aboutInterfaces = "it is about the interfaces"
	aboutFaults     = "it is about faults, which a working store doesn't have"
	everyCase       = "every case that wants a code proves it"
	testedHere      = "a test of this file proves it"
	provedInPorts   = "the tests of package ports prove it"
)

// unproved are the other sentences of package ports that no case can prove, each
// with the reason.
var unproved = map[string]string{
	"Package ports declares the interfaces that the library needs from outside.": aboutInterfaces,
	"An adapter has them all: Each port has one file.":                           aboutInterfaces,
	"Missing returns those of the named fields that are nil or empty, in the order of the" +
		" names.": provedInPorts,
	"NamesNotFound returns the error of an export for the names that no selected item" +
		" has.": provedInPorts,
	`Its member "names" has the first 100 of them.`:                                    provedInPorts,
	"It returns nil if there are none.":                                                provedInPorts,
	"IsAll reports whether s selects every item.":                                      provedInPorts,
	"Selects reports whether s selects the item, without regard to references.":        provedInPorts,
	"It panics if Services has no such field.":                                         provedInPorts,
	"Require returns an error with the names of those of the fields that are missing.": provedInPorts,
	"The comments are the contract: each sentence has a case in package portstest.":    testedHere,
	"In a tenant-owned port, the tenant is the parameter after ctx":                    testedHere,
	"Cross-tenant work is a separate port ([Tenants], [KeyFinder]), never a magic" +
		" ID.": aboutInterfaces,
	"An error of a port is a *[tenancy.Error].":                     everyCase,
	"Any other error is a fault for which the adapter has no code.": aboutFaults,

	"It crosses tenants by design":                            aboutInterfaces,
	"It crosses tenants by design: only super-admins use it.": aboutCallers,
	"It crosses tenants by design, and reports what has changed but not" +
		" how.": aboutInterfaces,
	"It crosses tenants by design: only super-admins, sign-in and the names in a tenant's list" +
		" of members use it.": aboutCallers,
	"Identities cross tenants as users do, and only sign-in uses them.": aboutCallers,
	"Passwords cross tenants as users do, and only sign-in uses them.":  aboutCallers,
	"Sessions cross tenants as users do, and only sign-in uses them.":   aboutCallers,
	"only administration and resolution use it.":                        aboutCallers,
	"written into the bundles it exports":                               aboutCallers,

	"[tenancy.CodeUnavailable] if it can't know that, or not before ctx ends.": aboutFaults,
	"While it is false, notifications may be late or lost.":                    aboutFaults,
	"When a change may have been missed, or when very many things change at once, it calls" +
		" notify with [AnythingChanged].": aboutFaults,
	"If it is nil, caches expire after short intervals.": aboutCallers,
	"If it is nil, bundles aren't signed.":               aboutCallers,
	"It is zero if the installation has no key: the bundle isn't signed then.": "the adapters' own" +
		" tests open a database without SECRETS_KEY",

	"LoginAttempts counts attempts at secrets that can be guessed, for all instances" +
		" together.": "the adapters' own tests run two instances",
	"It belongs to no tenant: an attempt doesn't say for which tenant it is.": aboutInterfaces,

	"Transfers exports and imports the configuration of a tenant as a stream: the memory that it" +
		" takes doesn't grow with the number of items.": "the adapters' benchmarks measure memory",
	"Its methods are called in the order of their declaration, each once, by one" +
		" goroutine": aboutCallers,
	"Compare any number of times, Exists any time after Stage.":  aboutCallers,
	"Callers need it only if a decision depends on other items.": aboutCallers,
	"Check returns the error of the part of c that doesn't hold for the item ref, whose stored" +
		" id and version are given: \"\" and 0 if it doesn't exist.": "the cases of the condition's fields prove it",
	"Vault stores the secret values of a tenant, encrypted at rest.": "the adapters' own tests" +
		" read what is stored",
}

func TestTenantComesAfterContext(t *testing.T) {
	t.Parallel()
	for _, port := range tenantOwned {
		if port == reflect.TypeFor[ports.Import]() {
			continue // Transfers.Import takes the tenant
		}
		for method := range port.Methods() {
			if method.Type.NumIn() < 2 || method.Type.In(1) != reflect.TypeFor[tenancy.ID]() {
				t.Errorf("%s.%s doesn't take the tenant after ctx", port.Name(), method.Name)
			}
		}
	}
}

// TestSentencesAreProved reads the comments in package ports: each case quotes
// one of them word for word, and each sentence is quoted by a case.
func TestSentencesAreProved(t *testing.T) {
	t.Parallel()
	comments := readComments(t)
	all := strings.Join(comments, "\n")
	excepted := maps.Clone(unproved)
	for _, sentence := range introductions {
		excepted[sentence] = "it promises nothing"
	}
	var quoted []string
	for _, c := range portstest.Cases() {
		if !strings.Contains(all, c.Says) {
			t.Errorf("%s proves what no comment in package ports says:\n%s", c.Name, c.Says)
		}
		quoted = append(quoted, c.Says)
	}
	for _, comment := range comments {
		for _, sentence := range sentences(comment) {
			proved := slices.ContainsFunc(quoted, func(says string) bool {
				return strings.Contains(says, sentence) || strings.Contains(sentence, says)
			})
			_, exception := excepted[sentence]
			delete(excepted, sentence)
			if !proved && !exception {
				t.Errorf("no case proves:\n%s", sentence)
			}
		}
	}
	for sentence := range excepted {
		t.Errorf("no comment says this any more:\n%s", sentence)
	}
}

// readComments returns each comment in package ports on one line.
func readComments(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of package ports: %v", err)
	}
	var comments []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Comments {
			text := codeLine.ReplaceAllString(group.Text(), "")
			comments = append(comments, strings.Join(strings.Fields(text), " "))
		}
	}
	return comments
}

// codeLine is a line of an example in a comment.
var codeLine = regexp.MustCompile(`(?m)^\t.*$`)

// sentences splits a comment at full stops and semicolons.
func sentences(comment string) []string {
	var all []string
	for _, sentence := range strings.SplitAfter(comment, ". ") {
		for _, part := range strings.Split(sentence, "; ") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}
