// Package seed fills a registry through its API, for tests of the admin pages: two tenants
// that have one of everything. Each text of one of them is a canary, which no page of the
// other may contain; the texts of the other look like HTML.
package seed
