package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Sealer encrypts values with AES-256-GCM (NIST SP 800-38D) under random nonces. The tenant and
// the secret's name are additional data: a sealed value that is moved to another row can't be
// opened. The first byte of a sealed value is its format.
type Sealer struct{ aead cipher.AEAD }

// The formats of sealed values. A literal is the JSON of a number, true or false that was written
// as such: it can be written back in its type.
const (
	sealedText    = 1
	sealedLiteral = 2
)

var errNoKey = tenancy.Errorf(tenancy.CodeInternal,
	"secrets can't be stored or read: set SECRETS_KEY")

// NewSealer returns a sealer with an AES-256 key (32 bytes). Without a key, sealing and opening are
// errors.
func NewSealer(key []byte) (*Sealer, error) {
	if len(key) == 0 {
		return &Sealer{}, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Sealer{aead: aead}, err
}

// CanOpen reports whether the sealer has a key.
func (s *Sealer) CanOpen() bool { return s.aead != nil }

func (s *Sealer) seal(tenant tenancy.ID, name string, value []byte) ([]byte, error) {
	return s.sealAs(sealedText, tenant, name, value)
}

func (s *Sealer) sealAs(
	format byte, tenant tenancy.ID, name string, value []byte,
) ([]byte, error) {
	if s.aead == nil {
		return nil, errNoKey
	}
	return s.aead.Seal([]byte{format}, nil, value, additionalData(tenant, name)), nil
}

func (s *Sealer) open(tenant tenancy.ID, name string, sealed []byte) ([]byte, error) {
	if s.aead == nil {
		return nil, errNoKey
	}
	if len(sealed) == 0 || sealed[0] != sealedText && sealed[0] != sealedLiteral {
		return nil, errors.New("postgres: the sealed value has an unknown format")
	}
	return s.aead.Open(nil, nil, sealed[1:], additionalData(tenant, name))
}

func additionalData(tenant tenancy.ID, name string) []byte { return append(tenant[:], name...) }
