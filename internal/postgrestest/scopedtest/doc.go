// Package scopedtest tests the handle that runs a host's statements for one tenant
// (postgres.Scoped): the filter on each kind of statement, row-level security without the filter,
// inserts, relations, transactions, refused statements and deadlines.
package scopedtest
