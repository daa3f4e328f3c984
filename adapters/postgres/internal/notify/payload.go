package notify

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
)

const (
	nonceSize   = 16
	payloadSize = nonceSize + 1 + 16 // the nonce, the kind and the id
)

// unseal decodes a payload of the function bailiwick.seal_announcement: in hexadecimal digits a
// nonce, then the kind and the id, which are XORed with the start of SHA-256(key, nonce). Any
// role may notify on the channel. A payload that wasn't made with key decodes to noise: ok is
// false, or, by chance, the notification has a random id.
func unseal(key []byte, payload string) (n ports.ChangeNotification, ok bool) {
	sealed, err := hex.DecodeString(payload)
	if err != nil || len(sealed) != payloadSize {
		return ports.ChangeNotification{}, false
	}
	nonce, plain := sealed[:nonceSize], sealed[nonceSize:]
	pad := sha256.Sum256(slices.Concat(key, nonce))
	subtle.XORBytes(plain, plain, pad[:len(plain)])
	n.Kind = ports.ChangeKind(plain[0])
	copy(n.ID[:], plain[1:])
	switch n.Kind {
	case ports.TenantChanged, ports.KeyChanged, ports.UserChanged, ports.AnythingChanged:
		return n, true
	}
	return ports.ChangeNotification{}, false
}
