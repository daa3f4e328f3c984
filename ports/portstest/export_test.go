package portstest

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
)

// Case is a case of a suite, for the tests of the suites.
type Case struct {
	Name, Says string
	Isolates   []string
	Check      func(ctx context.Context, s ports.Services) error
}

// Cases returns every case of every suite, named SUITE/CASE.
func Cases() []Case {
	var all []Case
	for _, suite := range []struct {
		name    string
		clauses []contractCase
	}{
		{"Passwords", passwordsSuite()}, {"Sessions", sessionsSuite()},
		{"LoginAttempts", loginAttemptsSuite()}, {"Identities", identitiesSuite()},
		{"Audit", auditSuite()}, {"Audit", auditWritesSuite()},
		{"PlatformAudit", platformAuditSuite()},
		{"Tenants", tenantsSuite()}, {"Keys", keysSuite()}, {"Resources", resourcesSuite()},
		{"Users", usersSuite()}, {"Members", membersSuite()}, {"Invitations", invitationsSuite()},
		{"Transfers", transfersSuite()}, {"Vault", vaultSuite()},
		{"ChangeNotifier", changeNotifierSuite()},
	} {
		for _, c := range suite.clauses {
			all = append(all, Case{suite.name + "/" + c.name, c.says, c.isolates, c.check})
		}
	}
	return all
}
