// Package certificate computes the digest by which a purge certificate can be checked.
package certificate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Seal returns the purge certificate with its Digest computed: the SHA-256 of
// the canonical form of its other members.
func Seal(c tenancy.PurgeCertificate) (tenancy.PurgeCertificate, error) {
	c.Digest = ""
	raw, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	text, err := federation.Canonical(raw)
	if err != nil {
		return c, err
	}
	sum := sha256.Sum256(text)
	c.Digest = "sha256:" + hex.EncodeToString(sum[:])
	return c, nil
}
