// Package scoped builds and runs statements for one tenant. A [Handle] adds the tenant's
// condition to each statement, and refuses a statement to which it can't add the condition.
package scoped
