package memory

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Options sets the clock, the ids and the singletons of a Store. The zero value works.
type Options struct {
	// Clock returns the current time. Defaults to [time.Now]. The store truncates
	// its times to microseconds in UTC, as a database does.
	Clock func() time.Time

	// NewID creates the ids of resources, of audit entries and of the installation.
	// Defaults to UUIDv7 (RFC 9562). Several goroutines may call it at once.
	NewID func() string

	// Singletons holds, by the kind's name, the spec of the one item of a singleton
	// kind in a new tenant. Defaults to {} for each. A spec can't refer to other
	// items: a new tenant has none.
	Singletons map[string]json.RawMessage
}

// Store is an installation in memory. [Store.Services] returns its ports.
type Store struct {
	kinds      *federation.Kinds
	instance   string
	now        func() time.Time
	newID      func() string
	singletons []federation.Item // of a new tenant

	mu          sync.RWMutex // guards the maps, but not what a tenantData holds
	tenants     map[tenancy.ID]tenancy.Tenant
	slugs       map[tenancy.Slug]tenancy.ID // of purged tenants too
	purged      map[tenancy.ID]bool         // the purged tenants
	keys        map[string]tenancy.APIKey   // by id
	hashes      map[tenancy.KeyHash]string
	users       map[string]identity.User                     // by id
	emails      map[string]string                            // ids by normalized address
	members     map[tenancy.ID]map[string]tenancy.Membership // by user
	invitations map[string]tenancy.Invitation                // by id
	tenantData  map[tenancy.ID]*tenantData
	log         auditLog

	sessions      map[string]session           // by id
	passwords     map[string]string            // hashes, by the user's id
	identities    map[identity.Identity]string // the users they are bound to
	loginAttempts *loginAttempts

	notifier changeNotifier

	instanceKey ed25519.PrivateKey
}

// New creates a store of the kinds, with the tenant [tenancy.DefaultID]. Nil kinds mean
// no kinds. Options that contradict the kinds are a programming error: New panics and
// names the option.
func New(kinds *federation.Kinds, options Options) *Store {
	s := &Store{
		kinds:      kinds,
		now:        options.Clock,
		newID:      options.NewID,
		tenants:    map[tenancy.ID]tenancy.Tenant{},
		slugs:      map[tenancy.Slug]tenancy.ID{},
		purged:     map[tenancy.ID]bool{},
		keys:       map[string]tenancy.APIKey{},
		hashes:     map[tenancy.KeyHash]string{},
		tenantData: map[tenancy.ID]*tenantData{},
		log: auditLog{chains: map[tenancy.ID][]tenancy.AuditEntry{},
			slugs: map[tenancy.ID]tenancy.Slug{}},

		users:       map[string]identity.User{},
		emails:      map[string]string{},
		members:     map[tenancy.ID]map[string]tenancy.Membership{},
		invitations: map[string]tenancy.Invitation{},

		sessions:      map[string]session{},
		passwords:     map[string]string{},
		identities:    map[identity.Identity]string{},
		loginAttempts: newLoginAttempts(),
	}
	if s.kinds == nil {
		s.kinds = must(federation.NewKinds())
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.newID == nil {
		s.newID = func() string { return uuid.Must(uuid.NewV7()).String() }
	}
	s.instance = s.newID()
	s.instanceKey = newInstanceKey()
	s.singletons = must(newSingletons(s.kinds, options.Singletons))
	s.addTenant(tenancy.NewTenant(tenancy.DefaultID, tenancy.DefaultSlug, "Default"))
	return s
}

// Services returns the store's ports.
func (s *Store) Services() ports.Services {
	return ports.Services{
		Instance:  s.instance,
		Kinds:     s.kinds,
		Tenants:   tenants{s},
		Keys:      keys{s},
		KeyFinder: keyFinder{s},
		Resources: resources{s},
		Transfers: transfers{s},
		Vault:     vault{s},

		InstanceKeys: instanceKeys{s},

		Audit:         audit{s},
		PlatformAudit: platformAudit{s},

		Users:            users{s},
		Members:          members{s},
		Memberships:      memberships{s},
		Invitations:      invitations{s},
		InvitationFinder: invitationFinder{s},

		ChangeNotifier: &s.notifier,

		Passwords:     passwords{s},
		Sessions:      sessions{s},
		SessionFinder: sessionFinder{s},
		LoginAttempts: s.loginAttempts,
		Identities:    identities{s},
	}
}

// newSingletons returns the items that every new tenant has.
func newSingletons(
	kinds *federation.Kinds, specs map[string]json.RawMessage,
) ([]federation.Item, error) {
	for name := range specs {
		if kind, ok := kinds.Kind(name); !ok || kind.Singleton == "" {
			return nil, fmt.Errorf("memory: Options.Singletons: %q is not a singleton kind", name)
		}
	}
	var items []federation.Item
	for _, kind := range kinds.All() {
		if kind.Singleton == "" {
			continue
		}
		item := federation.Item{Ref: federation.Ref{Kind: kind.Name, Name: kind.Singleton},
			Spec: json.RawMessage(`{}`)}
		if spec, ok := specs[kind.Name]; ok {
			item.Spec = spec
		}
		item, err := checkSingleton(kinds, item)
		if err != nil {
			return nil, fmt.Errorf("memory: Options.Singletons: %s: %w", kind.Name, err)
		}
		items = append(items, item)
	}
	return items, nil
}

// checkSingleton checks an item that every new tenant gets: a new tenant has neither
// items that it could refer to, nor secrets.
func checkSingleton(kinds *federation.Kinds, item federation.Item) (federation.Item, error) {
	item, err := kinds.Check(item)
	if err != nil {
		return federation.Item{}, err
	}
	targets, err := kinds.Targets(item)
	if err != nil {
		return federation.Item{}, err
	}
	if len(targets) > 0 {
		return federation.Item{},
			fmt.Errorf("%s refers to an item, but a new tenant has none", targets[0].Path)
	}
	return item, kinds.RefuseSecretValues(item)
}

// time returns the time of a write.
func (s *Store) time() time.Time { return storedTime(s.now()) }

// storedTime returns t as a database stores it: in UTC, with microseconds.
func storedTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// must panics on an error, which only a wrong program can cause.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
