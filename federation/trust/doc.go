// Package trust signs bundles, verifies their signatures, and says which of them a tenant accepts.
package trust
