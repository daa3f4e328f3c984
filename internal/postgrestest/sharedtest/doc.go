// Package sharedtest tests tables without a tenant (postgres.Options.Shared): every tenant reads
// them with a scoped handle, none writes them, and the doctor names those that aren't safe to share.
package sharedtest
