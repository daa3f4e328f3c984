// Package cataloguetest tests that Doctor compares the whole catalog of a database with what the
// library creates: owners, grants and definitions, and every table that has a tenant's id.
package cataloguetest
