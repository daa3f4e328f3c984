package admin

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// NewKey is what an API key is created from. The details of an error name its
// fields as /name, /role and /expires_at.
type NewKey struct {
	Name      string // what [tenancy.CheckName] admits
	Role      tenancy.Role
	ExpiresAt time.Time // in the future; zero: never
}

// CreateKey makes an API key of a tenant and answers it beside its secret,
// which is stored nowhere and can't be shown again. Admins of the tenant only.
// A deleted tenant is [tenancy.CodeInvalidState].
func (s *Service) CreateKey(
	ctx context.Context, by tenancy.Principal, ref string, in NewKey,
) (key tenancy.APIKey, secret string, err error) {
	t, err := s.enter(ctx, by, ref, tenancy.WriteKeys)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	if t.State == tenancy.Deleted {
		return tenancy.APIKey{}, "", errDeleted
	}
	if err := s.checkKey(in); err != nil {
		return tenancy.APIKey{}, "", err
	}
	made, secret, err := s.newKey(by)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	made.Tenant, made.Name, made.Role = t.ID, in.Name, in.Role
	made.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond)
	key, err = s.keys.Create(ctx, t.ID, made)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	key.Hash = tenancy.KeyHash{}
	return key, secret, nil
}

func (s *Service) checkKey(in NewKey) error {
	if err := checkName(in.Name); err != nil {
		return err
	}
	if _, err := tenancy.ParseRole(string(in.Role)); err != nil {
		return at("/role", err)
	}
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(s.now()) {
		return at("/expires_at", tenancy.Errorf(tenancy.CodeInvalid, "a key expires in the future"))
	}
	return nil
}

// ListKeys answers at most limit keys of a tenant in the order of their ids,
// those behind the id after ("" for the first page). Admins of the tenant only.
// No hash is answered.
func (s *Service) ListKeys(
	ctx context.Context, by tenancy.Principal, ref, after string, limit int,
) ([]tenancy.APIKey, error) {
	t, err := s.enter(ctx, by, ref, tenancy.ReadKeys)
	if err != nil {
		return nil, err
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	if after, err = behindID(after, "a list of keys goes on behind the id of a key"); err != nil {
		return nil, err
	}
	return s.keys.List(ctx, t.ID, after, limit)
}

// RevokeKey removes a key for good: it is refused from the next request on.
// Admins of the tenant only. An id of no key of this tenant is
// [tenancy.ErrNotFound].
func (s *Service) RevokeKey(ctx context.Context, by tenancy.Principal, ref, id string) error {
	t, err := s.enter(ctx, by, ref, tenancy.WriteKeys)
	if err != nil {
		return err
	}
	parsed, err := tenancy.ParseID(id) // a key's id has the same form
	if err != nil {
		return tenancy.ErrNotFound
	}
	if err := s.keys.Revoke(ctx, t.ID, parsed.String()); err != nil {
		return err
	}
	s.changes.Invalidate(ports.ChangeNotification{Kind: ports.KeyChanged, ID: parsed})
	return nil
}
