package admin

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// How long a key that was rotated goes on working.
const (
	DefaultOverlap = 24 * time.Hour
	MaxOverlap     = 30 * 24 * time.Hour
)

// RotateKey makes a key that takes the place of another, and answers it beside its
// secret, which is stored nowhere: it has the same name and role, and lives as
// long as the other was to live. The other goes on working for overlap, so that
// programs can change from one to the other, and no longer. Admins of the tenant
// only. An overlap below 0 or beyond [MaxOverlap] is [tenancy.CodeInvalid] at
// /overlap; an id of no key of this tenant is [tenancy.ErrNotFound], a key that
// was rotated already and a deleted tenant [tenancy.CodeInvalidState].
func (s *Service) RotateKey(
	ctx context.Context, by tenancy.Principal, ref, id string, overlap time.Duration,
) (key tenancy.APIKey, secret string, err error) {
	t, err := s.enter(ctx, by, ref, tenancy.WriteKeys)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	if t.State == tenancy.Deleted {
		return tenancy.APIKey{}, "", errDeleted
	}
	parsed, err := tenancy.ParseID(id) // a key's id has the same form
	if err != nil {
		return tenancy.APIKey{}, "", tenancy.ErrNotFound
	}
	if overlap < 0 || overlap > MaxOverlap {
		return tenancy.APIKey{}, "",
			at("/overlap", tenancy.Errorf(tenancy.CodeInvalid,
				"a key goes on working for 0 to %d hours", int(MaxOverlap.Hours())))
	}
	next, secret, err := s.newKey(by)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	next.Tenant = t.ID
	key, err = s.keys.Rotate(ctx, t.ID, parsed.String(), next,
		s.now().Add(overlap).UTC().Truncate(time.Microsecond))
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	key.Hash = tenancy.KeyHash{}
	return key, secret, nil
}

// newKey makes the secret of a key, and the key as far as the secret and its maker
// say what it is.
func (s *Service) newKey(by tenancy.Principal) (key tenancy.APIKey, secret string, err error) {
	secret = tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	return tenancy.APIKey{
		ID: s.newID().String(), Hash: hash, Prefix: tenancy.KeyStart(secret),
		CreatedBy: tenancy.Actor{Kind: by.Kind, ID: by.ID, Name: by.Name},
	}, secret, err
}
