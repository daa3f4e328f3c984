package tenancy

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"hash/crc32"
	"strings"
	"time"
)

// KeyPrefix begins every API key, so that secret scanners find leaked ones.
const KeyPrefix = "bwk_"

// APIKey lets a program act in one tenant with one role. The secret itself is
// shown once and never stored; only its hash is stored.
type APIKey struct {
	ID         string // UUIDv7
	Tenant     ID
	Name       string
	Role       Role
	Hash       KeyHash
	Prefix     string // the first characters of the secret, see [KeyStart]; empty: unknown
	CreatedBy  Actor  // zero: unknown
	RotatedTo  string // the id of the key that replaces this one; empty: none
	CreatedAt  time.Time
	ExpiresAt  time.Time // zero: never
	LastUsedAt time.Time // zero: never used
}

// Valid reports whether the key has not expired at now.
func (k APIKey) Valid(now time.Time) bool { return k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt) }

// CheckRotate returns an error with [CodeInvalidState] for a key that was rotated
// already.
func (k APIKey) CheckRotate() error {
	if k.RotatedTo != "" {
		return Errorf(CodeInvalidState, "the key was rotated already: rotate its successor")
	}
	return nil
}

// Rotate returns the key that replaces k at now, and k as it is then. The successor has
// the id, the hash, the prefix and the actor of next, and the lifetime with which k was
// created; k expires at until, unless it expires before.
//
// Its SQL twin is replaceKey in adapters/postgres/internal/identity.
func (k APIKey) Rotate(next APIKey, now, until time.Time) (old, made APIKey) {
	made = APIKey{
		ID: next.ID, Hash: next.Hash, Prefix: next.Prefix, CreatedBy: next.CreatedBy,
		Tenant: k.Tenant, Name: k.Name, Role: k.Role, CreatedAt: now,
	}
	if !k.ExpiresAt.IsZero() {
		made.ExpiresAt = now.Add(k.ExpiresAt.Sub(k.CreatedAt))
	}
	if k.ExpiresAt.IsZero() || until.Before(k.ExpiresAt) {
		k.ExpiresAt = until
	}
	k.RotatedTo = made.ID
	return k, made
}

// RotateKeyEvent is recorded when the key next replaces the key old. old has the
// time at which it expires because of the rotation.
func RotateKeyEvent(old, next APIKey) Event {
	e := keyEvent("key.rotate", old)
	e.Details["rotated_to"] = next.ID
	return e
}

// KeyHash is the SHA-256 of a key's secret. A plain hash, without salt or
// stretching, is enough: a secret of 160 random bits can't be guessed.
type KeyHash [sha256.Size]byte

const (
	keyRandom   = 20 // bytes
	keyBody     = 32 // characters of the random part
	keyChecksum = 8  // hexadecimal digits of the CRC-32
)

var keyEncoding = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").
	WithPadding(base32.NoPadding)

// NewKeySecret makes the secret of an API key: KeyPrefix, 160 random bits in
// base32, and a CRC-32 of both. With the checksum a scanner or a server
// recognizes a typing error without a database query.
func NewKeySecret() string {
	var random [keyRandom]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	body := KeyPrefix + keyEncoding.EncodeToString(random[:])
	return body + keySum(body)
}

// keyShown is how many characters of a secret are stored and shown. They are
// enough to recognize a leaked key; 120 random bits of it stay unknown.
const keyShown = 12

// KeyStart returns the beginning of a secret: [KeyPrefix] and eight characters.
// It may be stored and shown, so that people recognize a key that was leaked.
func KeyStart(secret string) string { return secret[:min(keyShown, len(secret))] }

// HashKeySecret returns the hash under which a secret is looked up. A text that
// doesn't have the form of [NewKeySecret] is an error with [CodeUnauthenticated].
func HashKeySecret(secret string) (KeyHash, error) {
	const length = len(KeyPrefix) + keyBody + keyChecksum
	if len(secret) != length || !strings.HasPrefix(secret, KeyPrefix) {
		return KeyHash{}, Errorf(CodeUnauthenticated, "not an API key")
	}
	body := secret[:length-keyChecksum]
	random, err := keyEncoding.DecodeString(body[len(KeyPrefix):])
	// DecodeString ignores line ends, so the number of bytes is checked too
	if err != nil || len(random) != keyRandom || keySum(body) != secret[length-keyChecksum:] {
		return KeyHash{}, Errorf(CodeUnauthenticated, "not an API key")
	}
	return sha256.Sum256([]byte(secret)), nil
}

func keySum(body string) string {
	return fmt.Sprintf("%08x", crc32.ChecksumIEEE([]byte(body)))
}
