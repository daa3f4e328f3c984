package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Session is one sign-in of a user, on one device. It is kept on the server:
// who has its secret is the user, until the session ends or is revoked. The
// secret itself is stored nowhere; Hash is what is kept of it.
type Session struct {
	ID        string // UUIDv7
	User      string // whose it is
	Hash      SessionHash
	Rights    [sha256.Size]byte // what the user might do when the secret was issued, digested
	CreatedAt time.Time
	SeenAt    time.Time // when it was used last, to the minute
	ExpiresAt time.Time // it ends then, however much it is used
	Address   string    // the IP address that it was begun from; empty when there was none
	Agent     string    // what the browser called itself, shortened
}

// MaxSessions is how many sessions a user has at once. The oldest ends where
// another begins.
const MaxSessions = 100

// SessionHash is the SHA-256 of a session's secret. A plain hash is enough where
// the secret is 256 random bits: there is nothing to guess.
type SessionHash [sha256.Size]byte

const sessionRandom = 32 // bytes

var sessionEncoding = base64.RawURLEncoding.Strict()

// NewSessionSecret makes the secret of a session: 256 random bits in base64url
// (RFC 4648, section 5), without padding.
func NewSessionSecret() string {
	var random [sessionRandom]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	return sessionEncoding.EncodeToString(random[:])
}

// HashSessionSecret gives the hash under which a session is found. What doesn't
// have the form of [NewSessionSecret] is an error with [CodeUnauthenticated].
func HashSessionSecret(secret string) (SessionHash, error) {
	if len(secret) != sessionEncoding.EncodedLen(sessionRandom) {
		return SessionHash{}, errNoSession
	}
	random, err := sessionEncoding.DecodeString(secret) // passes over line ends
	if err != nil || len(random) != sessionRandom {
		return SessionHash{}, errNoSession
	}
	return sha256.Sum256([]byte(secret)), nil
}

var errNoSession = tenancy.Errorf(tenancy.CodeUnauthenticated, "not the secret of a session")

// Password is what is kept of a user's password.
type Password struct {
	User string
	Hash string // in a form that names its algorithm; empty: the user has no password
}

// Identity is an account at an OpenID provider. Issuer and Subject together name
// it for ever; all else may change there.
type Identity struct {
	Issuer  string
	Subject string
}
