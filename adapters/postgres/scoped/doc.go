// Package scoped makes statements for one tenant: a [Handle] puts the tenant's condition
// into each of them, and refuses what it can't put it into.
package scoped
