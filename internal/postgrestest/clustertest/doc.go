// Package clustertest tests what databases of one cluster have in common: the library's roles, the
// statements for an administrator who creates them, and the restoring of dumps.
package clustertest
