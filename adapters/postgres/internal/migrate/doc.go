// Package migrate brings a database's schema to the current version: the library's and the
// host's migrations, row security, roles and functions, and the phases of an adoption.
package migrate
