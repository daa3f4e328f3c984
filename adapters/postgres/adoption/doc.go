// Package adoption is what a host says of its single-tenant database, so that it becomes
// the default tenant's while it is in use, and how far that has come.
// postgres.MigrateUp carries it out.
package adoption
