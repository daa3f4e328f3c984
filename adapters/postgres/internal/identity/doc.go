// Package identity stores tenants with their API keys, members and invitations, and users with
// their passwords, sessions and identities. A file has the name of the port that it implements.
package identity
