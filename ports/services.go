package ports

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// Services holds all ports of one adapter: what a driving adapter needs to serve a
// registry.
type Services struct {
	Instance  string // the installation's id, a UUID; written into the bundles it exports
	Kinds     *federation.Kinds
	Tenants   Tenants
	Keys      Keys
	KeyFinder KeyFinder
	Resources Resources
	Transfers Transfers
	Vault     Vault

	// InstanceKeys signs bundles. If it is nil, bundles aren't signed.
	InstanceKeys InstanceKeys

	Audit         Audit
	PlatformAudit PlatformAudit

	Users            Users
	Members          Members
	Memberships      Memberships
	Invitations      Invitations
	InvitationFinder InvitationFinder

	Passwords     Passwords
	Sessions      Sessions
	SessionFinder SessionFinder
	LoginAttempts LoginAttempts
	Identities    Identities

	// ChangeNotifier reports changes. If it is nil, caches expire after short
	// intervals.
	ChangeNotifier ChangeNotifier
}

// Missing returns those of the named fields that are nil or empty, in the order of the names.
// It panics if Services has no such field.
func (s Services) Missing(fields ...string) []string {
	var missing []string
	for _, name := range fields {
		field := reflect.ValueOf(s).FieldByName(name)
		if !field.IsValid() {
			panic("ports: Services has no field " + name)
		}
		if field.IsZero() {
			missing = append(missing, name)
		}
	}
	return missing
}

// Require returns an error with the names of those of the fields that are missing.
func (s Services) Require(fields ...string) error {
	missing := s.Missing(fields...)
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("missing: Services.%s", strings.Join(missing, ", Services."))
}
