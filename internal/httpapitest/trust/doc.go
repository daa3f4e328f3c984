// Package trust tests the signatures of bundles and what a tenant's settings say of them, through
// the API.
package trust
