package ports

import (
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
