package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Session is one sign-in of a user on one device. It is stored on the server. The
// bearer of its secret acts as the user until the session expires or is revoked.
// The secret is never stored; only its hash is stored.
type Session struct {
	ID        string // UUIDv7
	User      string // the user's ID
	Hash      SessionHash
	Rights    [sha256.Size]byte // a digest of the user's rights when the secret was issued
	CreatedAt time.Time
	SeenAt    time.Time // the last use, truncated to the minute
	ExpiresAt time.Time // the session ends then, even if it is in use
	Address   string    // the IP address of the sign-in; empty if unknown
	Agent     string    // the User-Agent of the browser, shortened
}

// MaxSessions is the largest number of sessions of a user. A new session beyond
// it ends the oldest one.
const MaxSessions = 100

// KeptSessions is how many older sessions stay next to a new one: the newest.
const KeptSessions = MaxSessions - 1

// ErrPasswordChanged has [tenancy.CodeUnauthenticated]: the password that a sign-in has
// verified isn't the user's any more, or the user is gone.
var ErrPasswordChanged error = tenancy.Errorf(tenancy.CodeUnauthenticated,
	"the password has changed meanwhile")

// SessionHash is the SHA-256 of a session's secret. A plain hash is enough: a
// secret of 256 random bits can't be guessed.
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

// HashSessionSecret returns the hash under which a session is looked up. A text
// that doesn't have the form of [NewSessionSecret] is an error with
// [tenancy.CodeUnauthenticated].
func HashSessionSecret(secret string) (SessionHash, error) {
	if len(secret) != sessionEncoding.EncodedLen(sessionRandom) {
		return SessionHash{}, errNoSession
	}
	random, err := sessionEncoding.DecodeString(secret)
	// DecodeString ignores line ends, so the number of bytes is checked too
	if err != nil || len(random) != sessionRandom {
		return SessionHash{}, errNoSession
	}
	return sha256.Sum256([]byte(secret)), nil
}

var errNoSession = tenancy.Errorf(tenancy.CodeUnauthenticated, "not a session secret")

// Password is the stored form of a user's password.
type Password struct {
	User string // the user's ID
	Hash string // in a format that names its algorithm; empty: the user has no password
}

// Identity is an account at an OpenID provider. Issuer and Subject together
// identify it permanently (OpenID Connect Core 1.0, section 5.7); the e-mail
// address and the name may change.
type Identity struct {
	Issuer  string
	Subject string
}
