package admin

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// How long a rotated key remains valid.
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 30 * 24 * time.Hour
)

// RotateKey creates a key that replaces another. It returns the new key with its
// secret, which is never stored. The new key has the same name, role and lifetime.
// The old key remains valid for overlap, so that programs can switch to the new
// one. Admins of the tenant only.
//
// An overlap below 0 or above [MaxOverlap] is [tenancy.CodeInvalid] at /overlap. If
// the tenant has no key with the id, the error is [tenancy.ErrNotFound]. A key that
// was already rotated and a deleted tenant are [tenancy.CodeInvalidState].
func (s *Service) RotateKey(
	ctx context.Context, by tenancy.Principal, ref, id string, overlap time.Duration,
) (key tenancy.APIKey, secret string, err error) {
	if err := s.needs("Keys"); err != nil {
		return tenancy.APIKey{}, "", err
	}
	t, err := s.authorizeUndeleted(ctx, by, ref, tenancy.KeyWrite)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	replaced, err := parseID(id)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	if overlap < 0 || overlap > MaxOverlap {
		return tenancy.APIKey{}, "",
			tenancy.AtPath("/overlap", tenancy.Errorf(tenancy.CodeInvalid,
				"the overlap must be 0 to %d hours", int(MaxOverlap.Hours())))
	}
	next, secret, err := s.newKey(by)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	next.Tenant = t.ID
	key, err = s.keys.Rotate(ctx, t.ID, replaced.String(), next,
		s.now().Add(overlap).UTC().Truncate(time.Microsecond))
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	key.Hash = tenancy.KeyHash{}
	return key, secret, nil
}

// newKey makes a secret, and a key with the fields that follow from the secret and
// from its creator. Tenant, name, role and expiry are still empty.
func (s *Service) newKey(by tenancy.Principal) (key tenancy.APIKey, secret string, err error) {
	secret = tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	return tenancy.APIKey{
		ID: s.newID().String(), Hash: hash, Prefix: tenancy.KeyStart(secret),
		CreatedBy: tenancy.Actor{Kind: by.Kind, ID: by.ID, Name: by.Name},
	}, secret, err
}
