// Package admin is the administration of tenants, their members and API keys, and
// of users: the use cases behind an operator's tool or an HTTP API, over the ports
// and with the authorization inside.
//
// Every method takes who acts, after ctx. Nobody is
// [tenancy.CodeUnauthenticated]. Whoever has no place in a tenant gets
// [tenancy.ErrTenantNotFound], the same value as for a tenant that doesn't
// exist; so does a member of a deleted one. To its members a suspended tenant
// is [tenancy.CodeTenantSuspended]. A role that is too small is
// [tenancy.ErrForbidden]. Super-admins find tenants in every state.
//
// The tenant is named as in a URL, by its id or its slug.
package admin

import (
	"cmp"
	"crypto/sha256"
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
	tenants  ports.Tenants
	kinds    *federation.Kinds // nil: none
	keys     ports.Keys
	finder   ports.KeyFinder
	audit    ports.Audit
	overview ports.PlatformAudit
	changes  *cacheinval.Invalidations
	known    *cacheinval.Cache[tenancy.KeyHash, keyHolder]
	platform [sha256.Size]byte
	adopted  bool
	now      func() time.Time
	newID    func() tenancy.ID

	users       ports.Users
	members     ports.Members
	invitations ports.Invitations
	acceptances ports.InvitationFinder
	passwords   Passwords
}

// Options says how a [Service] works. The zero value works.
type Options struct {
	// PlatformTokenHash is the SHA-256 of the platform token, whose bearer is a
	// super-admin. Defaults to none: no token makes one.
	PlatformTokenHash [sha256.Size]byte

	// AdoptedKeys lets in API keys of any form, by the SHA-256 of their text:
	// those of a version that came before this library. Defaults to only those
	// that [tenancy.NewKeySecret] makes.
	AdoptedKeys bool

	// Passwords keeps the passwords of users. Defaults to nobody having one: to give
	// one is [tenancy.CodeInvalid].
	Passwords Passwords

	// CacheSize bounds how many API keys are remembered. Defaults to 20,000.
	CacheSize int

	// KeyTTL is how long an API key is remembered if nothing changes of it, and so
	// by how much the time of its last use may be off. Defaults to 1 minute.
	KeyTTL time.Duration

	// Clock tells the time. Defaults to [time.Now].
	Clock func() time.Time

	// NewID makes the ids of tenants, users, invitations and keys. Defaults to [tenancy.NewID].
	NewID func() tenancy.ID
}

// New makes a service over the ports of s that administration needs. It panics
// and names the port that is nil: that is a fault of the program.
func New(s ports.Services, o Options) *Service {
	switch {
	case s.Tenants == nil:
		panic("admin.New: Services.Tenants is nil")
	case s.Keys == nil:
		panic("admin.New: Services.Keys is nil")
	case s.KeyFinder == nil:
		panic("admin.New: Services.KeyFinder is nil")
	case s.Users == nil:
		panic("admin.New: Services.Users is nil")
	case s.Members == nil:
		panic("admin.New: Services.Members is nil")
	case s.Invitations == nil:
		panic("admin.New: Services.Invitations is nil")
	case s.InvitationFinder == nil:
		panic("admin.New: Services.InvitationFinder is nil")
	case s.Audit == nil:
		panic("admin.New: Services.Audit is nil")
	case s.PlatformAudit == nil:
		panic("admin.New: Services.PlatformAudit is nil")
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	if o.NewID == nil {
		o.NewID = tenancy.NewID
	}
	service := &Service{
		tenants: s.Tenants, kinds: s.Kinds, keys: s.Keys, finder: s.KeyFinder, audit: s.Audit,
		overview: s.PlatformAudit,
		users:    s.Users, members: s.Members, invitations: s.Invitations,
		acceptances: s.InvitationFinder, passwords: o.Passwords,
		changes:  cacheinval.New(s.ChangeNotifier, o.Clock),
		platform: o.PlatformTokenHash, adopted: o.AdoptedKeys, now: o.Clock, newID: o.NewID,
	}
	service.known = service.rememberKeys(cmp.Or(o.CacheSize, defaultCacheSize),
		cmp.Or(o.KeyTTL, defaultKeyTTL))
	return service
}
