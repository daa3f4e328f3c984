package federation

import (
	"crypto/sha256"
	"encoding/json"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Certify returns the purge certificate with its Digest computed: the SHA-256 of
// the canonical form of its other members.
func Certify(c tenancy.PurgeCertificate) (tenancy.PurgeCertificate, error) {
	c.Digest = ""
	raw, err := json.Marshal(c)
	if err != nil {
		return c, err
	}
	text, err := Canonical(raw)
	if err != nil {
		return c, err
	}
	h := sha256.New()
	h.Write(text)
	c.Digest = string(digestOf(h))
	return c, nil
}
