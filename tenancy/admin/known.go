package admin

import (
	"context"
	"errors"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// keyHolder is who sends the secret of a key.
type keyHolder struct {
	key       tenancy.APIKey
	id        tenancy.ID // the key's, as it is announced
	principal tenancy.Principal
}

// rememberKeys makes what knows the holder of a key until the key or its tenant
// changes. That there is no such key isn't remembered.
func (s *Service) rememberKeys(
	size int, ttl time.Duration,
) *cacheinval.Cache[tenancy.KeyHash, keyHolder] {
	return cacheinval.NewCache(s.changes, cacheinval.CacheOptions[tenancy.KeyHash, keyHolder]{
		Size: size,
		Load: s.askForHolder,
		TTL:  func(keyHolder) time.Duration { return ttl },
		Valid: func(m cacheinval.Snapshot, h keyHolder) bool {
			return s.changes.Valid(m, h.id, h.key.Tenant)
		},
	})
}

func (s *Service) askForHolder(ctx context.Context, hash tenancy.KeyHash) (keyHolder, error) {
	key, err := s.finder.Find(ctx, hash)
	if err != nil {
		return keyHolder{}, err
	}
	id, err := tenancy.ParseID(key.ID) // a key's id has the same form
	if err != nil {
		return keyHolder{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store answered a key whose id is none")
	}
	return keyHolder{key: key, id: id, principal: tenancy.Principal{
		Kind:      tenancy.KeyPrincipal,
		ID:        key.ID,
		Name:      key.Name,
		Roles:     map[tenancy.ID]tenancy.Role{key.Tenant: key.Role},
		KeyTenant: key.Tenant,
	}}, nil
}

// Forget forgets whose the keys are: for whoever has changed something and can't
// say that it was heard here.
func (s *Service) Forget() {
	s.changes.Invalidate(ports.ChangeNotification{Kind: ports.AnythingChanged})
}

// waiting gives a code to the error of a context that ended while its caller
// waited for what another one had asked; an error of the store has one.
func waiting(err error) error {
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if ended && tenancy.CodeOf(err) == tenancy.CodeInternal {
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"finding out who calls took too long: try again").Because(err)
	}
	return err
}
