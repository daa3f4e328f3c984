// Package catalog reads from PostgreSQL's catalog what the isolation of tenants depends on: the
// tables that tenants own, their row security and policies, and the library's functions and
// views.
package catalog
