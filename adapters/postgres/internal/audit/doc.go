// Package audit writes and reads the audit log: a chain of entries for each tenant, and one
// for what belongs to no tenant.
package audit
