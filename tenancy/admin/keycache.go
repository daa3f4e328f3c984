package admin

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// keyHolder is an API key with its principal.
type keyHolder struct {
	key       tenancy.APIKey
	id        tenancy.ID // the key's id, as in change notifications
	principal tenancy.Principal
}

// newKeyCache makes the cache of key holders. A change of the key or of its tenant
// invalidates an entry. Unknown keys aren't cached.
func (s *Service) newKeyCache(
	size int, ttl time.Duration,
) *cacheinval.Cache[tenancy.KeyHash, keyHolder] {
	return cacheinval.NewCache(s.invalidations, cacheinval.CacheOptions[tenancy.KeyHash, keyHolder]{
		Size: size,
		Load: s.loadKeyHolder,
		TTL:  func(keyHolder) time.Duration { return ttl },
		Valid: func(snapshot cacheinval.Snapshot, h keyHolder) bool {
			return s.invalidations.Valid(snapshot, h.id, h.key.Tenant)
		},
	})
}

// loadKeyHolder finds a key by its hash and makes its principal. An expired key is
// found too: Authenticate checks the expiry at each use.
func (s *Service) loadKeyHolder(ctx context.Context, hash tenancy.KeyHash) (keyHolder, error) {
	if s.finder == nil {
		return keyHolder{}, errUnauthenticated
	}
	key, err := s.finder.Find(ctx, hash)
	if err != nil {
		return keyHolder{}, err
	}
	id, err := tenancy.ParseID(key.ID) // a key's id has the same form
	if err != nil {
		return keyHolder{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store returned a key with an invalid id")
	}
	return keyHolder{key: key, id: id, principal: tenancy.Principal{
		Kind:      tenancy.KeyPrincipal,
		ID:        key.ID,
		Name:      key.Name,
		Roles:     map[tenancy.ID]tenancy.Role{key.Tenant: key.Role},
		KeyTenant: key.Tenant,
	}}, nil
}

// ClearCache invalidates all cached keys. It is for code that changed something in the
// store and can't be sure that this service received a notification.
func (s *Service) ClearCache() {
	s.invalidations.Invalidate(ports.ChangeNotification{Kind: ports.AnythingChanged})
}
