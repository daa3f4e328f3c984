// Package audittest tests the audit log that adapters/postgres keeps: that no write commits without
// its entry, that verification finds every kind of tampering, and that old monthly partitions
// expire.
package audittest
