// Package signingtest tests the signed setting bailiwick.tenant, by which the database knows whose
// rows a statement may see: forged, expired and injected settings, and the rotation of the signing
// keys.
package signingtest
