// Package benchtest holds the benchmarks of adapters/postgres: what scoping a statement to a tenant
// costs, what more tenants cost, and what searches and HTTP requests take. README.md has the
// commands.
package benchtest
