package signin

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Service is made by [New] and safe for concurrent use.
type Service struct {
	users      ports.Users
	members    ports.Memberships
	passwords  ports.Passwords
	sessions   ports.Sessions
	finder     ports.SessionFinder
	attempts   ports.LoginAttempts
	identities ports.Identities
	audit      ports.PlatformAudit

	invalidations *cacheinval.Invalidations
	holders       *cacheinval.Cache[string, holder]

	hasher      *hasher
	provider    Provider
	createUsers bool
	lifetime    time.Duration
	idle        time.Duration
	refusal     time.Duration
	account     identity.Backoff
	address     identity.Backoff
	now         func() time.Time
	newID       func() tenancy.ID
}

// Options configure a [Service]. The zero value is valid.
type Options struct {
	// Lifetime is how long a session lasts, even if it is in use. Defaults to 30
	// days.
	Lifetime time.Duration

	// Idle is how long a session lasts without use. Defaults to 24 hours.
	Idle time.Duration

	// Cost is the cost of hashing a password. Defaults to argon2id with 19 MiB and
	// two passes. A password that was hashed at another cost is rehashed when its
	// user signs in.
	Cost Cost

	// MaxConcurrentHashes is the largest number of passwords that are hashed concurrently, each
	// with the memory of Cost. Defaults to the number of processors.
	MaxConcurrentHashes int

	// Refusal is the shortest duration of a refused sign-in. Without it, the
	// duration would reveal accounts whose passwords have another kind of hash.
	// Defaults to half a second.
	Refusal time.Duration

	// Account limits the attempts at one account, Address the attempts from one
	// address (for IPv6, from one network of 64 bits). They default to 5 and to 50
	// free attempts; the next attempt waits one second, and each later one twice as
	// long as the one before, up to 15 minutes. After a day without an attempt all
	// are free again.
	Account, Address identity.Backoff

	// Provider is the OpenID provider for signing in. Defaults to none.
	Provider Provider

	// CreateUsers creates a user for each new identity of the provider with a
	// verified e-mail address that no user has. The user is a member of no tenant.
	// By default such identities are refused.
	CreateUsers bool

	// Clock returns the present time. Defaults to [time.Now].
	Clock func() time.Time

	// NewID makes the ids of sessions. Defaults to [tenancy.NewID].
	NewID func() tenancy.ID
}

const (
	defaultLifetime = 30 * 24 * time.Hour
	defaultIdle     = 24 * time.Hour
	defaultRefusal  = 500 * time.Millisecond

	// overlap is how long the old secret remains valid after a renewal, for
	// requests that were sent before it.
	overlap = 30 * time.Second
)

var (
	defaultAccount = identity.Backoff{Free: 5, Initial: time.Second, Max: 15 * time.Minute,
		Reset: 24 * time.Hour}
	defaultAddress = identity.Backoff{Free: 50, Initial: time.Second, Max: 15 * time.Minute,
		Reset: 24 * time.Hour}
)

// Check returns an error that names the first invalid option.
func (o Options) Check() error {
	switch {
	case o.Lifetime < 0:
		return fmt.Errorf("Options.Lifetime %v is negative", o.Lifetime)
	case o.Idle < 0:
		return fmt.Errorf("Options.Idle %v is negative", o.Idle)
	case o.Refusal < 0:
		return fmt.Errorf("Options.Refusal %v is negative", o.Refusal)
	case o.MaxConcurrentHashes < 0:
		return fmt.Errorf("Options.MaxConcurrentHashes %d is negative", o.MaxConcurrentHashes)
	}
	if o.Cost != (Cost{}) {
		if err := o.Cost.check(); err != nil {
			return fmt.Errorf("Options.Cost: %w", err)
		}
	}
	for i, b := range []identity.Backoff{o.Account, o.Address} {
		if b != (identity.Backoff{}) &&
			(b.Free < 1 || b.Initial <= 0 || b.Max < b.Initial || b.Reset <= b.Max) {
			return fmt.Errorf("%s: Free must be at least 1, Initial positive, Max at least"+
				" Initial, and Reset longer than Max", []string{"Options.Account", "Options.Address"}[i])
		}
	}
	if o.CreateUsers && o.Provider == nil {
		return errors.New("Options.CreateUsers needs Options.Provider")
	}
	return nil
}

// New makes a service that uses ports of s, of Identities only with a Provider. Without
// ChangeNotifier, what it remembers of users expires after half a second. If a port that it
// needs is nil or an option is invalid, New panics and names it: these are faults of the
// program.
func New(s ports.Services, o Options) *Service {
	needed := []string{"Users", "Memberships", "Passwords", "Sessions", "SessionFinder",
		"LoginAttempts", "PlatformAudit"}
	if o.Provider != nil {
		needed = append(needed, "Identities")
	}
	if err := s.Require(needed...); err != nil {
		panic("signin.New: " + err.Error())
	}
	if err := o.Check(); err != nil {
		panic("signin.New: " + err.Error())
	}
	service := &Service{
		users: s.Users, members: s.Memberships, passwords: s.Passwords, sessions: s.Sessions,
		finder:   s.SessionFinder,
		attempts: s.LoginAttempts, identities: s.Identities, audit: s.PlatformAudit,
		hasher:   newHasher(cmp.Or(o.Cost, defaultCost), cmp.Or(o.MaxConcurrentHashes, runtime.GOMAXPROCS(0))),
		provider: o.Provider, createUsers: o.CreateUsers,
		lifetime: cmp.Or(o.Lifetime, defaultLifetime), idle: cmp.Or(o.Idle, defaultIdle),
		refusal: cmp.Or(o.Refusal, defaultRefusal),
		account: cmp.Or(o.Account, defaultAccount), address: cmp.Or(o.Address, defaultAddress),
		now: o.Clock, newID: o.NewID,
	}
	if service.now == nil {
		service.now = time.Now
	}
	if service.newID == nil {
		service.newID = tenancy.NewID
	}
	service.invalidations = cacheinval.New(s.ChangeNotifier, service.now)
	service.holders = service.newHolderCache()
	return service
}

// NewSession is the result of a successful sign-in. Secret is never shown again.
type NewSession struct {
	Session identity.Session
	Secret  string
}

// Attempt is a sign-in by password.
type Attempt struct {
	Email    string
	Password string
	Agent    string // the User-Agent of the browser
}

var (
	errRefused = tenancy.Errorf(tenancy.CodeUnauthenticated,
		"the e-mail address or the password is wrong")
	errNoPassword  = errors.New("the user has no password")
	errWrong       = errors.New("the password is wrong")
	errExpired     = errors.New("the session has expired")
	errTooLongIdle = errors.New("the session has been idle for too long")
)

// SignIn begins a session by password. The IP address of the caller is in the
// context ([tenancy.RequestFrom]). An unknown e-mail address, a wrong password and
// an account without a password are all [tenancy.CodeUnauthenticated], look the
// same and take the same time; the reason is the error's cause, for logs. Too many
// attempts are [tenancy.CodeTooManyAttempts].
func (s *Service) SignIn(ctx context.Context, a Attempt) (NewSession, error) {
	started := time.Now()
	user, unknown := s.users.ByEmail(ctx, a.Email)
	if unknown != nil && tenancy.CodeOf(unknown) != tenancy.CodeNotFound {
		return NewSession{}, unknown
	}
	subjects := s.accountSubjects(user.ID, a.Email, tenancy.RequestFrom(ctx).Address)
	if err := s.countAttempt(ctx, subjects); err != nil {
		return NewSession{}, err
	}
	stored, err := s.passwordOf(ctx, user)
	if err != nil {
		return NewSession{}, err
	}
	ok, stale, err := s.hasher.verify(ctx, stored.Hash, truncate(a.Password))
	switch {
	case err != nil:
		return NewSession{}, err
	case unknown != nil:
		return NewSession{}, s.refuse(ctx, started, "", unknown)
	case stored.Hash == "":
		return NewSession{}, s.refuse(ctx, started, stored.User, errNoPassword)
	case !ok:
		return NewSession{}, s.refuse(ctx, started, stored.User, errWrong)
	}
	if stale {
		if stored, err = s.rehash(ctx, stored, a.Password); err != nil {
			return NewSession{}, err
		}
	}
	created, err := s.createSession(ctx, stored, a.Agent)
	if tenancy.CodeOf(err) == tenancy.CodeUnauthenticated {
		return NewSession{}, s.refuse(ctx, started, stored.User, err)
	}
	if err != nil {
		return NewSession{}, err
	}
	return created, s.recordSuccess(ctx, subjects)
}

// passwordOf returns the stored password of a user; the zero Password if there is
// no such user.
func (s *Service) passwordOf(ctx context.Context, user identity.User) (identity.Password, error) {
	if user.ID == "" {
		return identity.Password{}, nil
	}
	stored, err := s.passwords.Get(ctx, user.ID)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound { // removed in the meantime
		return identity.Password{}, nil
	}
	return stored, err
}

// refuse records a refused sign-in in the audit log and returns its error, not
// before Options.Refusal has passed.
func (s *Service) refuse(ctx context.Context, started time.Time, user string, cause error) error {
	if err := s.audit.Append(ctx, identity.SignInDenied(user)); err != nil {
		return err
	}
	select {
	case <-time.After(s.refusal - time.Since(started)):
	case <-ctx.Done():
	}
	return errRefused.Because(cause)
}

// rehash replaces the hash of a password by one at the configured cost.
func (s *Service) rehash(
	ctx context.Context, stored identity.Password, password string,
) (identity.Password, error) {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return stored, err
	}
	if err := s.passwords.Rehash(ctx, stored.User, stored.Hash, hash); err != nil {
		return stored, err
	}
	stored.Hash = hash
	return stored, nil
}

// createSession begins a session of a user who has proved their identity.
func (s *Service) createSession(
	ctx context.Context, stored identity.Password, agent string,
) (NewSession, error) {
	user, err := s.loadHolder(ctx, stored.User)
	if err != nil {
		return NewSession{}, err
	}
	secret := identity.NewSessionSecret()
	hash, err := identity.HashSessionSecret(secret)
	if err != nil {
		return NewSession{}, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	session := identity.Session{
		ID: s.newID().String(), User: stored.User, Hash: hash, Rights: user.rights,
		CreatedAt: now, SeenAt: now.Truncate(time.Minute), ExpiresAt: now.Add(s.lifetime),
		Address: tenancy.RequestFrom(ctx).Address, Agent: cleanAgent(agent),
	}
	if err := s.sessions.Create(tenancy.WithPrincipal(ctx, user.principal), session,
		stored.Hash); err != nil {
		return NewSession{}, err
	}
	return NewSession{Session: session, Secret: secret}, nil
}

// rightsOf returns a digest of the rights of a principal.
func rightsOf(p tenancy.Principal) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "super-admin %v\n", p.SuperAdmin)
	for _, id := range sortedTenants(p.Roles) {
		fmt.Fprintf(h, "%s %s\n", id, p.Roles[id])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
