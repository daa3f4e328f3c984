package federation

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// Digest is "sha256:" and the 64 lower-case hexadecimal digits of a SHA-256.
type Digest string

func digestOf(h hash.Hash) Digest { return Digest("sha256:" + hex.EncodeToString(h.Sum(nil))) }

// Digester computes the digest of a bundle: the SHA-256 of the digests of its
// items, each followed by a line feed, in the order of the items.
type Digester struct {
	hash  hash.Hash
	count int
}

// NewDigester starts the digest of a bundle.
func NewDigester() *Digester { return &Digester{hash: sha256.New()} }

// Add adds the digest of the next item.
func (d *Digester) Add(item Digest) {
	d.hash.Write(append([]byte(item), '\n')) // hash.Hash.Write never returns an error
	d.count++
}

// Sum returns the digest of the items so far. More items may be added after it.
func (d *Digester) Sum() Digest { return digestOf(d.hash) }

// Count returns the number of items so far.
func (d *Digester) Count() int { return d.count }
