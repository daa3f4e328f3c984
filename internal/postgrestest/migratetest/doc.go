// Package migratetest tests the migrations of adapters/postgres: atomic, once for several
// instances, with tenancy turned on and off, and from the schemas of earlier versions.
package migratetest
