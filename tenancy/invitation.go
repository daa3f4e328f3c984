package tenancy

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"strings"
	"time"
)

// InvitationPrefix begins every invitation token, so that secret scanners find
// leaked ones.
const InvitationPrefix = "bwi_"

// Invitation lets the person with an e-mail address join a tenant, once. The
// token proves that its bearer is that person. The token is shown once and never
// stored; only its hash is stored.
type Invitation struct {
	ID        string // UUIDv7
	Tenant    ID
	Email     string // in the normal form of identity.ParseEmail
	Role      Role   // one that [CheckMemberRole] admits
	Hash      InvitationHash
	InvitedBy Actor // the invitation is valid only while this actor may invite
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Valid reports whether the invitation has not expired at now.
func (i Invitation) Valid(now time.Time) bool { return now.Before(i.ExpiresAt) }

// Inviter is what a store knows of an invitation's InvitedBy when the invitation is used.
// The zero Inviter is one that no longer exists.
type Inviter struct {
	SuperAdmin bool // of a user
	Role       Role // of a user in the invitation's tenant, or of a valid key of that tenant
}

// MayBeAccepted reports whether the actor who made the invitation could still make it:
// an invitation doesn't outlive its inviter's rights. It doesn't check the expiry.
//
// Its SQL twin is the function bailiwick.find_invitation (adapters/postgres, migration
// 20261128000001_invitations).
func (i Invitation) MayBeAccepted(now Inviter) bool {
	switch i.InvitedBy.Kind {
	case PlatformToken:
		return true
	case UserPrincipal:
		return now.SuperAdmin || now.Role == Admin
	case KeyPrincipal:
		return now.Role == Admin
	}
	return false
}

// InvitationHash is the SHA-256 of an invitation's token. A plain hash is enough:
// a token of 256 random bits can't be guessed.
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

// HashInvitationToken returns the hash under which a token is looked up. A text
// that doesn't have the form of [NewInvitationToken] is an error with
// [CodeNotFound].
func HashInvitationToken(token string) (InvitationHash, error) {
	body, ok := strings.CutPrefix(token, InvitationPrefix)
	if !ok || len(body) != invitationEncoding.EncodedLen(invitationRandom) {
		return InvitationHash{}, errNoInvitation
	}
	random, err := invitationEncoding.DecodeString(body)
	// DecodeString ignores line ends, so the number of bytes is checked too
	if err != nil || len(random) != invitationRandom {
		return InvitationHash{}, errNoInvitation
	}
	return sha256.Sum256([]byte(token)), nil
}

var errNoInvitation = Errorf(CodeNotFound, "not an invitation token")
