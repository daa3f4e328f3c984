// Package tenanttest tests quotas and the purge of a tenant in adapters/postgres.
package tenanttest
