package session

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A signed tenant is what the setting bailiwick.tenant carries:
//
//	<tenant>.<expiry>.<signature>
//
// the tenant's id (36 characters), the second in which the signature expires
// (Unix time, 10 digits) and HMAC-SHA256 (RFC 2104, 64 hexadecimal digits) over
// all that stands in front of the last dot. bailiwick.current_tenant() in the
// database verifies it, against keys that the application's role can't read.
//
// The key is one database's own: that binds the signature to the database. It
// isn't bound to a session, since a pooler may hand any session to anybody.
// What bounds its worth to a thief is its expiry, which is held against the
// beginning of the transaction.

const (
	setting = "bailiwick.tenant"

	// KeySize is how many random bytes a key has.
	KeySize = sha256.Size
)

// Key signs tenants.
type Key [KeySize]byte

// Sign answers the setting for a tenant. It is good for transactions that begin
// before expiry.
func (k Key) Sign(tenant tenancy.ID, expiry time.Time) string {
	inner, outer := k.Pads()
	message := append(inner, tenant.String()...)
	message = append(message, '.')
	message = strconv.AppendInt(message, expiry.Unix(), 10)
	sum := sha256.Sum256(message)
	// as the database does it, and without what crypto/hmac allocates
	sum = sha256.Sum256(append(outer, sum[:]...))
	signed := append(message[sha256.BlockSize:], '.')
	return string(hex.AppendEncode(signed, sum[:]))
}

// Pads are the key as HMAC uses it (RFC 2104, section 2): with them the database
// verifies by two calls of sha256.
func (k Key) Pads() (inner, outer []byte) {
	return k.pad(0x36), k.pad(0x5c)
}

func (k Key) pad(with byte) []byte {
	const room = 128 // for the tenant and its expiry, and the signature in digits
	pad := make([]byte, sha256.BlockSize, sha256.BlockSize+room)
	copy(pad, k[:])
	for i := range pad {
		pad[i] ^= with
	}
	return pad
}

// KeyOf is the key that an inner pad was made of. It reports false for what is
// no inner pad of one.
func KeyOf(inner []byte) (k Key, ok bool) {
	if len(inner) != sha256.BlockSize {
		return k, false
	}
	for i, b := range inner {
		switch {
		case i < KeySize:
			k[i] = b ^ 0x36
		case b != 0x36:
			return Key{}, false
		}
	}
	return k, true
}
