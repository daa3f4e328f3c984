// Package schema holds the types with which a host declares its tables: which tables the
// tenants own, and how their rows become items.
package schema
