// Package instance reads and writes what an installation has once: its id, the hash of the
// platform token, and the keys that sign tenants.
package instance
