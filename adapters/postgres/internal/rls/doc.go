// Package rls creates row security: policies, triggers, roles with their grants, and the
// functions and indexes that reading and searching items need under it.
package rls
