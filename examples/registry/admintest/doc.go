// Package admintest tests the admin pages of whole registries on a real PostgreSQL, over HTTP
// and in a real Chromium: that no page shows anything of another tenant, that each task can be
// done by keyboard alone and without scripts, and that pages are small and fast.
package admintest
