// Package adopt changes a single-tenant schema into a tenant-owned one while it
// is being written to, and back.
//
// It is a list of steps. What is left of each is worked out from the catalog,
// before and after every statement: there is no journal that could disagree with
// the database, and whoever continues after a crash finds what the catalog says.
// The one thing that the catalog can't tell is what was there before. That is
// kept, as it was read before the first change, in bailiwick.former.
//
// The steps of the phase [Expand] leave every statement of the old version
// working; those of [Contract] take away what only the old version needs.
package adopt
