package session

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A signed tenant is the value of the setting bailiwick.tenant:
//
//	<tenant>.<expiry>.<signature>
//
// the tenant's id (36 characters), the second in which the signature expires (Unix time, 10
// digits) and the HMAC-SHA256 (RFC 2104, 64 hexadecimal digits) of everything before the
// last dot. bailiwick.current_tenant() in the database verifies it with keys that the
// application's role can't read.
//
// Each database has its own key, which binds the signature to the database. The signature
// isn't bound to a session, since a pooler may give any session to any client. Its expiry,
// compared with the start of the transaction, limits its use to a thief.

const (
	setting = "bailiwick.tenant"

	// KeySize is the length of a key in bytes, all of them random.
	KeySize = sha256.Size
)

// SetTenant returns the statement that binds a transaction to a signed tenant.
func SetTenant(signed string) string { return "SET LOCAL " + setting + "='" + signed + "'" }

// Key signs tenants.
type Key [KeySize]byte

// Sign returns the signed tenant. It is valid in transactions that begin before expiry.
func (k Key) Sign(tenant tenancy.ID, expiry time.Time) string {
	inner, outer := k.Pads()
	message := append(inner, tenant.String()...)
	message = append(message, '.')
	message = strconv.AppendInt(message, expiry.Unix(), 10)
	sum := sha256.Sum256(message)
	// as the database does it, without the allocations of crypto/hmac
	sum = sha256.Sum256(append(outer, sum[:]...))
	signed := append(message[sha256.BlockSize:], '.')
	return string(hex.AppendEncode(signed, sum[:]))
}

// Pads returns the key XOR ipad and the key XOR opad (RFC 2104, section 2), with which the
// database verifies by two calls of sha256.
func (k Key) Pads() (inner, outer []byte) {
	return k.pad(0x36), k.pad(0x5c)
}

func (k Key) pad(with byte) []byte {
	const room = 128 // for the tenant, its expiry and the hexadecimal signature
	pad := make([]byte, sha256.BlockSize, sha256.BlockSize+room)
	copy(pad, k[:])
	for i := range pad {
		pad[i] ^= with
	}
	return pad
}

// KeyFromInnerPad returns the key that an inner pad was made from. It reports false if inner isn't
// an inner pad.
func KeyFromInnerPad(inner []byte) (k Key, ok bool) {
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
