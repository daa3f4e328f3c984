// Package tenantcolumntest tests tables whose column with the tenant's id isn't named tenant_id
// (postgres.Table.TenantColumn): the ports' contracts, the scoped handle, row security, the doctor
// and the purge of a tenant.
package tenantcolumntest
