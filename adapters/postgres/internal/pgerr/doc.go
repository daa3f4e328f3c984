// Package pgerr reads PostgreSQL's errors and translates them to the error codes of package
// tenancy.
package pgerr
