// Package searchtest tests the SQL functions through which adapters/postgres lists and gets items:
// their results, their indexes, and that SQL of an attacker finds nothing of another tenant through
// them.
package searchtest
