package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

var (
	errUnauthenticated = tenancy.Errorf(tenancy.CodeUnauthenticated,
		"send valid credentials: Authorization: Bearer <token>")
	errExpired = errors.New("the API key has expired")
)

// Authenticate returns the principal of a bearer token: a super-admin for the
// platform token, or the API key of a secret with its name, tenant and role. Every
// other text is [tenancy.CodeUnauthenticated] with one message, whether it is
// malformed or the key is unknown, revoked or expired; the reason is the error's
// cause, for logs. An error of the store is returned unchanged. If ctx ends while
// Authenticate waits for the store, the error is [tenancy.CodeUnavailable].
//
// Keys are cached. A change by this service takes effect at the next call. A
// change by another instance takes effect within a second, usually at once. The
// principal is shared with other calls: its Roles must not be modified.
func (s *Service) Authenticate(ctx context.Context, bearer string) (tenancy.Principal, error) {
	if s.isPlatformToken(bearer) {
		return tenancy.Principal{Kind: tenancy.PlatformToken, Name: "platform", SuperAdmin: true},
			nil
	}
	hash, err := tenancy.HashKeySecret(bearer)
	if err != nil && s.adoptedKeys && bearer != "" && len(bearer) <= maxAdoptedKey {
		hash, err = sha256.Sum256([]byte(bearer)), nil
	}
	if err != nil {
		return tenancy.Principal{}, errUnauthenticated.Because(err)
	}
	holder, err := s.keyCache.Get(ctx, hash)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeUnauthenticated:
		return tenancy.Principal{}, errUnauthenticated.Because(err)
	case err != nil:
		return tenancy.Principal{}, cacheinval.Unavailable(err,
			"authenticating the caller took too long: try again")
	case !holder.key.Valid(s.now()):
		return tenancy.Principal{}, errUnauthenticated.Because(errExpired)
	}
	return holder.principal, nil
}

// maxAdoptedKey is the largest length of an adopted key, in bytes.
const maxAdoptedKey = 512

// isPlatformToken compares hashes in constant time. Without a configured hash no
// token is the platform's. The empty text never is, even if its hash is configured.
func (s *Service) isPlatformToken(bearer string) bool {
	if bearer == "" || s.platform == [sha256.Size]byte{} {
		return false
	}
	hash := sha256.Sum256([]byte(bearer))
	return subtle.ConstantTimeCompare(hash[:], s.platform[:]) == 1
}
