package admin

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// NewKey has the fields of an API key to create. The details of an error name the
// fields as /name, /role and /expires_at.
type NewKey struct {
	Name      string // valid according to [tenancy.CheckName]
	Role      tenancy.Role
	ExpiresAt time.Time // in the future; zero: never
}

// CreateKey creates an API key of a tenant and returns it with its secret, which
// is never stored and can't be shown again. Admins of the tenant only. A deleted
// tenant is [tenancy.CodeInvalidState].
func (s *Service) CreateKey(
	ctx context.Context, by tenancy.Principal, ref string, in NewKey,
) (key tenancy.APIKey, secret string, err error) {
	if err := s.needs("Keys"); err != nil {
		return tenancy.APIKey{}, "", err
	}
	t, err := s.authorizeUndeleted(ctx, by, ref, tenancy.KeyWrite)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	if err := s.checkKey(&in); err != nil {
		return tenancy.APIKey{}, "", err
	}
	key, secret, err = s.newKey(by)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	key.Tenant, key.Name, key.Role = t.ID, in.Name, in.Role
	key.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond)
	key, err = s.keys.Create(ctx, t.ID, key)
	if err != nil {
		return tenancy.APIKey{}, "", err
	}
	key.Hash = tenancy.KeyHash{}
	return key, secret, nil
}

// checkKey checks the fields of a key to create, and changes its name to the form in
// which it is stored.
func (s *Service) checkKey(in *NewKey) error {
	if err := checkName(&in.Name); err != nil {
		return err
	}
	if _, err := tenancy.ParseRole(string(in.Role)); err != nil {
		return tenancy.AtPath("/role", err)
	}
	if !in.ExpiresAt.IsZero() && !in.ExpiresAt.After(s.now()) {
		return tenancy.AtPath("/expires_at", tenancy.Errorf(tenancy.CodeInvalid,
			"the expiry of a key must be in the future"))
	}
	return nil
}

// ListKeys returns at most limit keys of a tenant, in the order of their ids, that
// come after the id after ("" for the first page). Hashes aren't included. Admins
// of the tenant only.
func (s *Service) ListKeys(
	ctx context.Context, by tenancy.Principal, ref, after string, limit int,
) ([]tenancy.APIKey, error) {
	if err := s.needs("Keys"); err != nil {
		return nil, err
	}
	t, err := s.authorize(ctx, by, ref, tenancy.KeyRead)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	if after, err = parseCursor(after, "a key"); err != nil {
		return nil, err
	}
	return s.keys.List(ctx, t.ID, after, limit)
}

// RevokeKey removes a key permanently. The key is refused from the next request
// on. Admins of the tenant only. If the tenant has no key with the id, the error is
// [tenancy.ErrNotFound].
func (s *Service) RevokeKey(ctx context.Context, by tenancy.Principal, ref, id string) error {
	if err := s.needs("Keys"); err != nil {
		return err
	}
	t, err := s.authorize(ctx, by, ref, tenancy.KeyWrite)
	if err != nil {
		return err
	}
	parsed, err := parseID(id)
	if err != nil {
		return err
	}
	if err := s.keys.Revoke(ctx, t.ID, parsed.String()); err != nil {
		return err
	}
	s.invalidations.Invalidate(ports.ChangeNotification{Kind: ports.KeyChanged, ID: parsed})
	return nil
}
