package tenancy

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// InvitationPrefix begins the token of every invitation, so that secret scanners
// find leaked ones.
const InvitationPrefix = "bwi_"

// Invitation lets the person with an e-mail address join a tenant, once. Whoever
// has its token is taken for that person. The token itself is shown once and
// never stored: Hash is what is kept of it.
type Invitation struct {
	ID        string // UUIDv7
	Tenant    ID
	Email     string // as [ParseEmail] answers it
	Role      Role   // one that [CheckMemberRole] admits
	Hash      InvitationHash
	InvitedBy Actor // whose right to invite it stands and falls with
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Valid reports whether the invitation has not expired at now.
func (i Invitation) Valid(now time.Time) bool { return now.Before(i.ExpiresAt) }

// InvitationHash is the SHA-256 of an invitation's token. A plain hash is enough
// where the token is 256 random bits.
type InvitationHash [sha256.Size]byte

const invitationRandom = 32 // bytes

var invitationEncoding = base64.RawURLEncoding.Strict()

// NewInvitationToken makes a token: InvitationPrefix and 256 random bits in
// base64url (RFC 4648, section 5), without padding.
func NewInvitationToken() string {
	var random [invitationRandom]byte
	rand.Read(random[:]) // never fails: crypto/rand ends the program instead
	return InvitationPrefix + invitationEncoding.EncodeToString(random[:])
}

// HashInvitationToken gives the hash under which a token is looked up. What
// doesn't have the form of [NewInvitationToken] is an error with [CodeNotFound].
func HashInvitationToken(token string) (InvitationHash, error) {
	body, ok := strings.CutPrefix(token, InvitationPrefix)
	if !ok || len(body) != invitationEncoding.EncodedLen(invitationRandom) {
		return InvitationHash{}, errNoInvitation
	}
	random, err := invitationEncoding.DecodeString(body) // passes over line ends
	if err != nil || len(random) != invitationRandom {
		return InvitationHash{}, errNoInvitation
	}
	return sha256.Sum256([]byte(token)), nil
}

var errNoInvitation = Errorf(CodeNotFound, "not the token of an invitation")
