// Package rls creates row security: policies, triggers, roles with their grants, and the
// functions and indexes that searches need under it.
package rls
