package signin

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// holder is the user of sessions with their rights. A user may be a member of thousands of
// tenants: reading them at each request would take longer than most requests.
type holder struct {
	user      tenancy.ID // the user's id, as in change notifications
	principal tenancy.Principal
	rights    [sha256.Size]byte // see rightsOf
}

const (
	// maxHeld is the largest weight of the cached holders: of all their roles and of the
	// holders themselves.
	maxHeld = 500_000

	holderTTL = time.Minute
)

// newHolderCache makes the cache of holders by the users' ids. A change of the user or of one
// of their memberships invalidates an entry, and so does any change of a tenant: the
// memberships of deleted tenants are left out. Users that don't exist aren't cached.
func (s *Service) newHolderCache() *cacheinval.Cache[string, holder] {
	return cacheinval.NewCache(s.invalidations, cacheinval.CacheOptions[string, holder]{
		Size:  maxHeld,
		Weigh: func(h holder) uint32 { return uint32(1 + len(h.principal.Roles)) },
		Load:  s.loadHolder,
		TTL:   func(holder) time.Duration { return holderTTL },
		Valid: func(snapshot cacheinval.Snapshot, h holder) bool {
			return s.invalidations.Valid(snapshot, h.user) &&
				s.invalidations.ValidForAllTenants(snapshot)
		},
	})
}

// ClearCache invalidates everything that is remembered of users. It is for code that changed
// something in the store and can't be sure that this service received a notification.
func (s *Service) ClearCache() {
	s.invalidations.Invalidate(ports.ChangeNotification{Kind: ports.AnythingChanged})
}

// holderOf returns the user of a session whose rights the session's secret was issued for.
// If these are others than the cached ones, it reads them again, since another instance may
// have been notified of a change before this one.
func (s *Service) holderOf(
	ctx context.Context, id string, rights [sha256.Size]byte,
) (holder, error) {
	h, err := s.holders.Get(ctx, id)
	if err == nil && h.rights != rights {
		s.holders.Forget(id)
		h, err = s.holders.Get(ctx, id)
	}
	return h, cacheinval.Unavailable(err, "authenticating the caller took too long: try again")
}

// loadHolder reads a user and their present rights.
func (s *Service) loadHolder(ctx context.Context, id string) (holder, error) {
	user, err := s.users.Get(ctx, id)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return holder{}, errNoSession.Because(err)
	}
	if err != nil {
		return holder{}, err
	}
	parsed, err := tenancy.ParseID(user.ID) // a user's id has the same form
	if err != nil {
		return holder{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store returned a user with an invalid id")
	}
	memberships, err := s.members.ForUser(ctx, id)
	if err != nil {
		return holder{}, err
	}
	roles := make(map[tenancy.ID]tenancy.Role, len(memberships))
	for _, m := range memberships {
		roles[m.Tenant] = m.Role
	}
	p := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: user.ID, Name: user.Name,
		SuperAdmin: user.SuperAdmin, Roles: roles}
	return holder{user: parsed, principal: p, rights: rightsOf(p)}, nil
}
