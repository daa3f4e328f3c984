package admin

import (
	"cmp"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

const (
	defaultCacheSize = 20_000
	defaultKeyTTL    = time.Minute
)

// Service is made by [New] and safe for concurrent use.
type Service struct {
	tenants       ports.Tenants
	kinds         *federation.Kinds // nil: none
	keys          ports.Keys
	finder        ports.KeyFinder
	audit         ports.Audit
	platformAudit ports.PlatformAudit
	invalidations *cacheinval.Invalidations
	keyCache      *cacheinval.Cache[tenancy.KeyHash, keyHolder]
	platform      [sha256.Size]byte
	adoptedKeys   bool
	now           func() time.Time
	newID         func() tenancy.ID

	users            ports.Users
	members          ports.Members
	invitations      ports.Invitations
	invitationFinder ports.InvitationFinder
	passwords        Passwords
	passwordOptional bool

	missing []string // the ports that methods need and that are nil
}

// Options configure a [Service]. The zero value is valid.
type Options struct {
	// PlatformTokenHash is the SHA-256 of the platform token, whose bearer is a
	// super-admin. Defaults to none: then no token is accepted as the platform's.
	PlatformTokenHash [sha256.Size]byte

	// AdoptedKeys accepts API keys of any form, by the SHA-256 of their text, for
	// the keys of a version before this library. By default only keys in the form
	// of [tenancy.NewKeySecret] are accepted.
	AdoptedKeys bool

	// Passwords hashes the passwords of users. Defaults to none: then a
	// password is [tenancy.CodeInvalid].
	Passwords Passwords

	// PasswordOptional lets people accept an invitation without a password, because
	// they can sign in some other way. It has no effect without Passwords: then no user
	// has a password.
	PasswordOptional bool

	// CacheSize is the largest number of cached API keys. Defaults to 20,000.
	CacheSize int

	// KeyTTL is how long an API key is cached if it doesn't change. The time of its
	// last use may be late by as much. Defaults to 1 minute.
	KeyTTL time.Duration

	// Clock returns the present time. Defaults to [time.Now].
	Clock func() time.Time

	// NewID makes the ids of tenants, users, invitations and keys. Defaults to [tenancy.NewID].
	NewID func() tenancy.ID
}

// New makes a service that uses ports of s. It needs Tenants, Audit and PlatformAudit: if one
// of them is nil, New panics and names it, because that is a fault of the program. A method
// that needs another port that is nil returns an error with its name, and without a KeyFinder
// no API key is valid.
func New(s ports.Services, o Options) *Service {
	if err := s.Require("Tenants", "Audit", "PlatformAudit"); err != nil {
		panic("admin.New: " + err.Error())
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = tenancy.NewID
	}
	service := &Service{
		tenants: s.Tenants, kinds: s.Kinds, keys: s.Keys, finder: s.KeyFinder, audit: s.Audit,
		platformAudit: s.PlatformAudit,
		users:         s.Users, members: s.Members, invitations: s.Invitations,
		invitationFinder: s.InvitationFinder, passwords: o.Passwords,
		passwordOptional: o.PasswordOptional,
		invalidations:    cacheinval.New(s.ChangeNotifier, o.Clock),
		platform:         o.PlatformTokenHash, adoptedKeys: o.AdoptedKeys, now: o.Clock,
		newID:   o.NewID,
		missing: s.Missing("Keys", "Users", "Members", "Invitations", "InvitationFinder"),
	}
	service.keyCache = service.newKeyCache(cmp.Or(o.CacheSize, defaultCacheSize),
		cmp.Or(o.KeyTTL, defaultKeyTTL))
	return service
}

// needs returns an error if one of the ports is nil.
func (s *Service) needs(fields ...string) error {
	for _, name := range fields {
		if slices.Contains(s.missing, name) {
			return tenancy.Errorf(tenancy.CodeInternal,
				"this service was made without the port Services.%s", name)
		}
	}
	return nil
}
