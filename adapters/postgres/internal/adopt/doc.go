// Package adopt changes a single-tenant schema into a tenant-owned one while other sessions
// write to it, and back.
//
// An adoption is a list of steps. Before and after every statement, the work left in each
// step is computed from the catalog. There is no journal that could disagree with the
// database: after a crash, any process continues from the catalog. Only the original schema
// isn't in the catalog. It is read before the first change and stored in bailiwick.former.
//
// The steps of the phase [Expand] keep every statement of the old version working. Those of
// [Contract] remove what only the old version needs.
package adopt
