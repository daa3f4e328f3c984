package admin

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var (
	errUnauthenticated = tenancy.Errorf(tenancy.CodeUnauthenticated,
		"send valid credentials: Authorization: Bearer <token>")
	errExpired = errors.New("the API key has expired")
)

// Authenticate answers who the bearer of a token is: a super-admin with the
// platform token, or with the secret of an API key the key's name, tenant and
// role. Every other text is [tenancy.CodeUnauthenticated] with one message,
// whether it is no key, an unknown, a revoked or an expired one; the reason is
// the error's cause, for logs. A fault of the store is answered as it is; a
// context that ended while waiting for the store is [tenancy.CodeUnavailable].
//
// Whose a key is, is remembered. What this service changes of it counts from the
// next call on, and what others change within a second, mostly at once. The answer
// is shared with other calls: its Roles must not be changed.
func (s *Service) Authenticate(ctx context.Context, bearer string) (tenancy.Principal, error) {
	if s.isPlatformToken(bearer) {
		return tenancy.Principal{Kind: tenancy.PlatformToken, Name: "platform", SuperAdmin: true},
			nil
	}
	hash, err := tenancy.HashKeySecret(bearer)
	if err != nil && s.adopted && bearer != "" && len(bearer) <= maxAdoptedKey {
		hash, err = sha256.Sum256([]byte(bearer)), nil
	}
	if err != nil {
		return tenancy.Principal{}, errUnauthenticated.Because(err)
	}
	holder, err := s.known.Get(ctx, hash)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeUnauthenticated:
		return tenancy.Principal{}, errUnauthenticated.Because(err)
	case err != nil:
		return tenancy.Principal{}, waiting(err)
	case !holder.key.Valid(s.now()):
		return tenancy.Principal{}, errUnauthenticated.Because(errExpired)
	}
	return holder.principal, nil
}

// maxAdoptedKey is how long a key of another form may be, in bytes.
const maxAdoptedKey = 512

// isPlatformToken compares hashes, in a time that doesn't depend on them. No
// hash means no token, and the empty text is none, even if somebody set its
// hash.
func (s *Service) isPlatformToken(bearer string) bool {
	if bearer == "" || s.platform == [sha256.Size]byte{} {
		return false
	}
	hash := sha256.Sum256([]byte(bearer))
	return subtle.ConstantTimeCompare(hash[:], s.platform[:]) == 1
}
