// Package instance keeps what the installation has one of: its id, the platform's token and
// the keys that sign tenants.
package instance
