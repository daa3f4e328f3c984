// Package examine finds what weakens the isolation of tenants in a database. Each check is a query
// of the catalog. A finding comes with the SQL that fixes it.
package examine
