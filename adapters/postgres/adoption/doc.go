// Package adoption holds the types with which a host describes its single-tenant database,
// so that its rows become the default tenant's while the database is in use. It also holds
// the progress of such an adoption. The function postgres.MigrateUp carries it out.
package adoption
