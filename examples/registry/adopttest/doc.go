// Package adopttest tests how a database of the registry's single-tenant version becomes
// multi-tenant while the old version uses it. testdata has the old version's schema, some
// rows and its statements.
package adopttest
