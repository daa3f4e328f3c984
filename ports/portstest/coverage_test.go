package portstest_test

import (
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenantOwned are the ports whose every method belongs to one tenant.
var tenantOwned = []reflect.Type{
	reflect.TypeFor[ports.Audit](), reflect.TypeFor[ports.Keys](), reflect.TypeFor[ports.Members](),
	reflect.TypeFor[ports.Invitations](),
	reflect.TypeFor[ports.Resources](), reflect.TypeFor[ports.Transfers](),
	reflect.TypeFor[ports.Import](), reflect.TypeFor[ports.Vault](),
}

// crossTenant are the other ports, each with its reason.
var crossTenant = map[reflect.Type]string{
	reflect.TypeFor[ports.PlatformAudit]():    "it is the view over all tenants",
	reflect.TypeFor[ports.Tenants]():          "it stores the tenants themselves",
	reflect.TypeFor[ports.KeyFinder]():        "it finds the tenant of a key",
	reflect.TypeFor[ports.Users]():            "people belong to no tenant",
	reflect.TypeFor[ports.InvitationFinder](): "it finds the tenant of an invitation",
	reflect.TypeFor[ports.Memberships]():      "it finds the tenants of a user",
	reflect.TypeFor[ports.Tenants]():          "it stores the tenants themselves",
	reflect.TypeFor[ports.KeyFinder]():        "it finds the tenant of a key",
	reflect.TypeFor[ports.ChangeNotifier]():   "it says of any tenant that it has changed",
	reflect.TypeFor[ports.Passwords]():        "users belong to no tenant",
	reflect.TypeFor[ports.Sessions]():         "users belong to no tenant",
	reflect.TypeFor[ports.SessionFinder]():    "it finds the user of a secret",
	reflect.TypeFor[ports.LoginAttempts]():    "whoever guesses hasn't said for which tenant",
	reflect.TypeFor[ports.Identities]():       "users belong to no tenant",
}

func TestEveryMethodHasAnIsolationCase(t *testing.T) {
	t.Parallel()
	isolated := map[string]bool{}
	for _, c := range portstest.Clauses() {
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
	for _, c := range portstest.Clauses() {
		if seen[c.Name] {
			t.Errorf("there are two cases %q", c.Name)
		}
		seen[c.Name] = true
	}
}

const introduction = "it introduces"

// unproved are the sentences of package ports that no case can prove, each with
// the reason.
var unproved = map[string]string{
	"Package ports declares what the library needs from the outside: one file for each port, its" +
		" comments the contract, each sentence of which has a case in package portstest.": "this test proves it",
	"In a port that belongs to tenants, the tenant is the parameter after ctx":           "TestTenantComesAfterContext proves it",
	"Cross-tenant work is a port of its own ([Tenants], [KeyFinder]), never a magic ID.": "about the interfaces",
	"An error of a port is a *[tenancy.Error].":                                          "every case that wants a code proves it",
	"Any other error means that the adapter met a fault it has no code for.":             "about faults, which a store in order hasn't",

	"It crosses tenants by nature":                            "about the interface",
	"only administration and resolution use it.":              "about callers",
	"It crosses tenants by nature: only super-admins use it.": "about callers",

	"Transfers moves the configuration of a tenant out and in, as a stream: the memory that it" +
		" takes doesn't grow with the number of items.": "memory is measured by the adapters'" +
		" benchmarks",
	"Its methods are called in the order in which they stand here, each once, by one goroutine": "about callers",
	"Exists any time after Stage.": "about callers",
	"Vault keeps the secret values of a tenant, encrypted at rest.": "what an adapter writes is" +
		" seen by its own tests",
	"stands in the bundles it exports": "about callers",

	"It crosses tenants by nature: only super-admins' work, sign-in and the names of a tenant's" +
		" own members come here.": "about callers",
	"Members stores who belongs to a tenant.":                                     introduction,
	"Memberships answers in which tenants a user is, before any tenant is known.": introduction,
	"Passwords keeps what is known of the passwords of users, across tenants as users are, and" +
		" for sign-in alone.": introduction,
	"Sessions stores the sessions of users, across tenants as users are, and for sign-in alone.": introduction,
	"SessionFinder finds the session of a secret, before it is known whose it is.":               introduction,
	"SessionRenewal is what a session gets when it is renewed.":                                  introduction,
	"LoginAttempts counts attempts at what can be guessed, for all instances together.":          "two instances are the adapters' own tests",
	"It belongs to no tenant: whoever guesses hasn't said for which.":                            "about the interface",
	"Subject is something that attempts are made at, or where they come from.":                   introduction,
	"SubjectKey names a subject without showing it.":                                             introduction,
	"Identities says which accounts at OpenID providers are whose, across tenants as users are," +
		" and for sign-in alone.": introduction,
	"Invitations stores the open invitations of a tenant.":                                          introduction,
	"InvitationFinder finds the invitation of a token, before any tenant is known, and uses it up.": introduction,
	"Users stores the people of an installation.":                                                   introduction,
	"UserQuery selects users.":                                                                      introduction,
	"UserChange says what to change of a user.":                                                     introduction,
	"Audit is the audit log of a tenant.":                                                           introduction,
	"PlatformAudit is the audit log of what belongs to no tenant, and the view over all of them.":   introduction,
	"AuditQuery selects entries of one chain.":                                                      introduction,
	"PlatformAuditQuery selects entries of all chains.":                                             introduction,
	"AuditPlace is where an entry stands among those of all chains.":                                introduction,

	"ChangeNotifier tells what others change of tenants, keys and people, so that what is" +
		" remembered of them can be forgotten.": introduction,
	"ChangeNotification is one thing that has changed.": introduction,
	"What is announced.":                      introduction,
	"ChangeNotifier says what others change.": introduction,
	"Nil: what is remembered is forgotten in short intervals.": "about those who" +
		" use it",
	"While it is false, announcements may come late or be lost.": "about faults," +
		" which a store in order hasn't",
	"[tenancy.CodeUnavailable] if that can't be said, or not before ctx ends.": "about faults," +
		" which a store in order hasn't",
	"Where something may have been missed, or a great many things change at once, it is called" +
		" with [AnythingChanged].": "about faults, which a store in order hasn't",
	"It crosses tenants by nature, and says nothing of them but that one has changed.": "about the interface",
	"of the tenant, the key or the person":                                             introduction,
	"zero of [AnythingChanged]":                                                        introduction,
	"ChangeKind says what has changed.":                                                introduction,
	"the person, or their place in a tenant":                                           introduction,
	"Keys stores the API keys of a tenant.":                                            introduction,
	"KeyFinder finds the key of a secret, before any tenant is known.":                 introduction,
	"ResourceQuery selects resources of one kind.":                                     introduction,
	"Condition makes a write depend on what is stored.":                                introduction,
	"Services is what one adapter offers as a whole: what a driving adapter needs to serve a" +
		" registry.": introduction,
	"Tenants stores the tenants of an installation.": introduction,
	"TenantQuery selects tenants.":                   introduction,
	"Selection says which items to export.":          introduction,
	"Import is one import under way.":                introduction,
	"Decision says what becomes of a staged item.":   introduction,
}

func TestTenantComesAfterContext(t *testing.T) {
	t.Parallel()
	for _, port := range tenantOwned {
		if port == reflect.TypeFor[ports.Import]() {
			continue // Transfers.Import is given the tenant
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
	var quoted []string
	for _, c := range portstest.Clauses() {
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
		t.Errorf("no comment says any more:\n%s", sentence)
	}
}

// readComments answers each comment in package ports on one line.
func readComments(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files of package ports: %v", err)
	}
	var comments []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Comments {
			comments = append(comments, strings.Join(strings.Fields(group.Text()), " "))
		}
	}
	return comments
}

// sentences splits a comment where a statement ends.
func sentences(comment string) []string {
	var all []string
	for _, sentence := range strings.SplitAfter(comment, ". ") {
		for _, part := range strings.Split(sentence, "; ") {
			all = append(all, strings.TrimSpace(part))
		}
	}
	return all
}
