package ports

import (
	"github.com/bailiwick-go/bailiwick/federation"
)

// Services is what one adapter offers as a whole: what a driving adapter needs
// to serve a registry.
type Services struct {
	Instance  string // the installation's id, a UUID; stands in the bundles it exports
	Kinds     *federation.Kinds
	Tenants   Tenants
	Keys      Keys
	KeyFinder KeyFinder
	Resources Resources
	Transfers Transfers
	Vault     Vault

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

	// ChangeNotifier says what others change. Nil: what is remembered is forgotten
	// in short intervals.
	ChangeNotifier ChangeNotifier
}
