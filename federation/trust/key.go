package trust

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// PublicKey verifies the signatures of an instance. In JSON the key is base64.
type PublicKey struct {
	ID  string            `json:"key_id"`
	Key ed25519.PublicKey `json:"public_key"`
}

// NewPublicKey returns the key under the id that an instance gives it: the first 16
// hexadecimal digits of the SHA-256 of its 32 bytes.
func NewPublicKey(key ed25519.PublicKey) PublicKey {
	sum := sha256.Sum256(key)
	return PublicKey{ID: hex.EncodeToString(sum[:8]), Key: key}
}

// ParseKey returns the Ed25519 key whose 32 bytes text has in standard base64 (RFC 4648,
// section 4).
func ParseKey(text string) (ed25519.PublicKey, error) {
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != ed25519.PublicKeySize ||
		base64.StdEncoding.EncodeToString(key) != text {
		return nil, tenancy.Errorf(tenancy.CodeInvalid, wrongKey)
	}
	return key, nil
}

const wrongKey = "must be the 32 bytes of an Ed25519 public key in base64"

// Sign returns the signature of a bundle's manifest by the key of an instance.
func Sign(m federation.Manifest, key ed25519.PrivateKey) federation.Signature {
	public, _ := key.Public().(ed25519.PublicKey)
	return federation.Signature{KeyID: NewPublicKey(public).ID,
		Value: ed25519.Sign(key, m.SignedText())}
}

// Verify returns nil if key made the signature of this manifest, whatever id the signature
// names. Otherwise, also if there is no signature, the error is
// [tenancy.CodeSignatureInvalid].
func Verify(m federation.Manifest, key PublicKey) error {
	if len(key.Key) == ed25519.PublicKeySize &&
		ed25519.Verify(key.Key, m.SignedText(), m.Signature.Value) {
		return nil
	}
	return refusal(tenancy.CodeSignatureInvalid, "/signature", "doesn't fit the bundle:"+
		" the bundle was changed after it was signed, or another key signed it")
}
