// Package identity stores tenants, their API keys, members and invitations, and users with
// their passwords, sessions and identities.
package identity
