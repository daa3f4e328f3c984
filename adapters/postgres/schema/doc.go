// Package schema is what a host says of its tables: which of them tenants own, and what
// their rows look like as items.
package schema
