package federation

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// Digest is "sha256:" and the 64 lower-case hexadecimal digits of a SHA-256.
type Digest string

func digestOf(h hash.Hash) Digest { return Digest("sha256:" + hex.EncodeToString(h.Sum(nil))) }

// Digester computes the digest of a bundle: the SHA-256 over the digest of each
// item, each followed by a line feed, in the order in which the items stand.
type Digester struct {
	hash  hash.Hash
	count int
}

// NewDigester starts the digest of a bundle.
func NewDigester() *Digester { return &Digester{hash: sha256.New()} }

// Add takes the digest of the next item.
func (d *Digester) Add(item Digest) {
	d.hash.Write(append([]byte(item), '\n')) // a hash never answers an error
	d.count++
}

// Sum answers the digest of the items so far. More may be added.
func (d *Digester) Sum() Digest { return digestOf(d.hash) }

// Count answers the number of items so far.
func (d *Digester) Count() int { return d.count }
