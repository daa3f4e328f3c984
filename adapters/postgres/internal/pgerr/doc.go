// Package pgerr gives errors of the database the codes that callers know.
package pgerr
