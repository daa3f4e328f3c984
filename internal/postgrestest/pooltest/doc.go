// Package pooltest tests how adapters/postgres shares its connections: among tenants, and with
// other clients of a server that has few of them.
package pooltest
