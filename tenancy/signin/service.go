// Package signin is how people come in: by password or through an OpenID
// provider, and with a session from then on. They are use cases over the ports,
// the same over every adapter.
//
// A session is kept on the server. Its secret changes when what its user may do
// changes, and with the password. What a session's user may do is read at each
// request.
//
// Guesses are slowed down for each account and for each address, on all
// instances together. An attempt counts before it is known how it ends, so that
// guesses in parallel gain nothing. Whoever has to wait is told so, of accounts
// that don't exist as well. A wait is never longer than 15 minutes, and an attempt
// during it doesn't prolong it: strangers can delay an account's next sign-in by
// password for as long as they go on, but not end its sessions or keep its user
// from signing in through an OpenID provider.
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
	log        ports.PlatformAudit

	hasher   *hasher
	provider Provider
	create   bool
	lifetime time.Duration
	idle     time.Duration
	refusal  time.Duration
	account  identity.Backoff
	address  identity.Backoff
	now      func() time.Time
	newID    func() tenancy.ID
}

// Options says how a [Service] works. The zero value works.
type Options struct {
	// Lifetime is how long a session lasts, however much it is used. Defaults to
	// 30 days.
	Lifetime time.Duration

	// Idle is how long a session lasts without being used. Defaults to 24 hours.
	Idle time.Duration

	// Cost is what hashing a password takes. Defaults to argon2id with 19 MiB and
	// two passes. Passwords hashed at another cost are hashed anew when their user
	// signs in.
	Cost Cost

	// AtOnce is how many passwords are hashed at the same time, each with the
	// memory that Cost says. Defaults to the number of processors.
	AtOnce int

	// Refusal is how long a refused sign-in takes at least, so that its time
	// doesn't tell an account whose password is hashed in another way. Defaults to
	// half a second.
	Refusal time.Duration

	// Account and Address slow guesses down: at one account, and from one address
	// (of IPv6, from one network of 64 bits). They default to five free attempts
	// and to fifty; the next waits a second, each after it twice as long as the one
	// before and 15 minutes at most; after a day without any, all are free again.
	Account, Address identity.Backoff

	// Provider signs in through an OpenID provider. Defaults to none.
	Provider Provider

	// CreateUsers makes a user of whoever comes through the provider with a
	// verified e-mail address that no user has. They belong to no tenant. Defaults
	// to refusing them.
	CreateUsers bool

	// Clock tells the time. Defaults to [time.Now].
	Clock func() time.Time

	// NewID makes the ids of sessions. Defaults to [tenancy.NewID].
	NewID func() tenancy.ID
}

const (
	defaultLifetime = 30 * 24 * time.Hour
	defaultIdle     = 24 * time.Hour
	defaultRefusal  = 500 * time.Millisecond

	// overlap is how long the secret before a renewal may be used: requests that
	// were under way have it.
	overlap = 30 * time.Second
)

var (
	defaultAccount = identity.Backoff{Free: 5, Initial: time.Second, Max: 15 * time.Minute,
		Reset: 24 * time.Hour}
	defaultAddress = identity.Backoff{Free: 50, Initial: time.Second, Max: 15 * time.Minute,
		Reset: 24 * time.Hour}
)

// Check reports the first option that can't work, by its name.
func (o Options) Check() error {
	for name, d := range map[string]time.Duration{"Lifetime": o.Lifetime, "Idle": o.Idle,
		"Refusal": o.Refusal} {
		if d < 0 {
			return fmt.Errorf("option %s %v is negative", name, d)
		}
	}
	if o.AtOnce < 0 {
		return fmt.Errorf("Options.AtOnce %d is negative", o.AtOnce)
	}
	if o.Cost != (Cost{}) {
		if err := o.Cost.check(); err != nil {
			return fmt.Errorf("Options.Cost: %w", err)
		}
	}
	for name, s := range map[string]identity.Backoff{"Account": o.Account, "Address": o.Address} {
		if s != (identity.Backoff{}) &&
			(s.Free < 1 || s.Initial <= 0 || s.Max < s.Initial || s.Reset <= s.Max) {
			return fmt.Errorf("option %s: at least one attempt is free, the waits are positive,"+
				" and what is forgotten is so after the longest", name)
		}
	}
	if o.CreateUsers && o.Provider == nil {
		return errors.New("Options.CreateUsers is of use with Options.Provider alone")
	}
	return nil
}

// New makes a service over the ports of s that sign-in needs. It panics and names
// the port that is nil or the option that can't work: these are faults of the
// program.
func New(s ports.Services, o Options) *Service {
	for name, missing := range map[string]bool{
		"Users": s.Users == nil, "Memberships": s.Memberships == nil,
		"Passwords": s.Passwords == nil, "Sessions": s.Sessions == nil,
		"SessionFinder": s.SessionFinder == nil,
		"LoginAttempts": s.LoginAttempts == nil, "Identities": s.Identities == nil,
		"PlatformAudit": s.PlatformAudit == nil,
	} {
		if missing {
			panic("signin.New: Services." + name + " is nil")
		}
	}
	if err := o.Check(); err != nil {
		panic("signin.New: " + err.Error())
	}
	service := &Service{
		users: s.Users, members: s.Memberships, passwords: s.Passwords, sessions: s.Sessions,
		finder:   s.SessionFinder,
		attempts: s.LoginAttempts, identities: s.Identities, log: s.PlatformAudit,
		hasher:   newHasher(cmp.Or(o.Cost, defaultCost), cmp.Or(o.AtOnce, runtime.GOMAXPROCS(0))),
		provider: o.Provider, create: o.CreateUsers,
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
	return service
}

// NewSession is a sign-in that succeeded. Secret is answered here and never again.
type NewSession struct {
	Session identity.Session
	Secret  string
}

// Attempt is a sign-in by password.
type Attempt struct {
	Email    string
	Password string
	Agent    string // what the browser calls itself
}

var (
	errRefused = tenancy.Errorf(tenancy.CodeUnauthenticated,
		"the e-mail address or the password is wrong")
	errNoPassword  = errors.New("the user has no password")
	errWrong       = errors.New("the password is another")
	errExpired     = errors.New("the session has expired")
	errTooLongIdle = errors.New("the session wasn't used for too long")
)

// SignIn begins a session by password. The request's address is the context's
// ([tenancy.RequestFrom]). An unknown address, a wrong password and an account
// without one are all [tenancy.CodeUnauthenticated], look the same and take as
// long; the reason is the error's cause, for logs. Too many attempts are
// [tenancy.CodeTooManyAttempts].
func (s *Service) SignIn(ctx context.Context, a Attempt) (NewSession, error) {
	begun := time.Now()
	user, unknown := s.users.ByEmail(ctx, a.Email)
	if unknown != nil && tenancy.CodeOf(unknown) != tenancy.CodeNotFound {
		return NewSession{}, unknown
	}
	tried := s.subjects(user.ID, a.Email, tenancy.RequestFrom(ctx).Address)
	if err := s.begin(ctx, tried); err != nil {
		return NewSession{}, err
	}
	kept, err := s.passwordOf(ctx, user)
	if err != nil {
		return NewSession{}, err
	}
	ok, stale, err := s.hasher.verify(ctx, kept.Hash, clip(a.Password))
	switch {
	case err != nil:
		return NewSession{}, err
	case unknown != nil:
		return NewSession{}, s.refuse(ctx, begun, "", unknown)
	case kept.Hash == "":
		return NewSession{}, s.refuse(ctx, begun, kept.User, errNoPassword)
	case !ok:
		return NewSession{}, s.refuse(ctx, begun, kept.User, errWrong)
	}
	if stale {
		if kept, err = s.improve(ctx, kept, a.Password); err != nil {
			return NewSession{}, err
		}
	}
	grant, err := s.open(ctx, kept, a.Agent)
	if tenancy.CodeOf(err) == tenancy.CodeUnauthenticated {
		return NewSession{}, s.refuse(ctx, begun, kept.User, err)
	}
	if err != nil {
		return NewSession{}, err
	}
	return grant, s.settle(ctx, tried)
}

// passwordOf answers what is kept of a user's password: of nobody's, nothing.
func (s *Service) passwordOf(ctx context.Context, user identity.User) (identity.Password, error) {
	if user.ID == "" {
		return identity.Password{}, nil
	}
	kept, err := s.passwords.Of(ctx, user.ID)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound { // removed meanwhile
		return identity.Password{}, nil
	}
	return kept, err
}

// refuse answers a sign-in that isn't one, no sooner than any other, and has it
// in the audit log.
func (s *Service) refuse(ctx context.Context, begun time.Time, user string, cause error) error {
	if err := s.log.Append(ctx, identity.SignInDenied(user)); err != nil {
		return err
	}
	select {
	case <-time.After(s.refusal - time.Since(begun)):
	case <-ctx.Done():
	}
	return errRefused.Because(cause)
}

// improve hashes a password anew, at today's cost.
func (s *Service) improve(
	ctx context.Context, kept identity.Password, password string,
) (identity.Password, error) {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return kept, err
	}
	if err := s.passwords.Rehash(ctx, kept.User, kept.Hash, hash); err != nil {
		return kept, err
	}
	kept.Hash = hash
	return kept, nil
}

// open makes a session of a user who has shown who they are.
func (s *Service) open(
	ctx context.Context, kept identity.Password, agent string,
) (NewSession, error) {
	principal, err := s.principal(ctx, kept.User)
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
		ID: s.newID().String(), User: kept.User, Hash: hash, Rights: rightsOf(principal),
		CreatedAt: now, SeenAt: now.Truncate(time.Minute), ExpiresAt: now.Add(s.lifetime),
		Address: tenancy.RequestFrom(ctx).Address, Agent: shortAgent(agent),
	}
	if err := s.sessions.Create(tenancy.WithPrincipal(ctx, principal), session,
		kept.Hash); err != nil {
		return NewSession{}, err
	}
	return NewSession{Session: session, Secret: secret}, nil
}

// principal reads who a user is and what they may do.
func (s *Service) principal(ctx context.Context, id string) (tenancy.Principal, error) {
	user, err := s.users.Get(ctx, id)
	if tenancy.CodeOf(err) == tenancy.CodeNotFound {
		return tenancy.Principal{}, errNoSession.Because(err)
	}
	if err != nil {
		return tenancy.Principal{}, err
	}
	memberships, err := s.members.Of(ctx, id)
	if err != nil {
		return tenancy.Principal{}, err
	}
	roles := make(map[tenancy.ID]tenancy.Role, len(memberships))
	for _, m := range memberships {
		roles[m.Tenant] = m.Role
	}
	return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: user.ID, Name: user.Name,
		SuperAdmin: user.SuperAdmin, Roles: roles}, nil
}

// rightsOf digests what a principal may do.
func rightsOf(p tenancy.Principal) [sha256.Size]byte {
	h := sha256.New()
	fmt.Fprintf(h, "super-admin %v\n", p.SuperAdmin)
	for _, id := range sortedTenants(p.Roles) {
		fmt.Fprintf(h, "%s %s\n", id, p.Roles[id])
	}
	return [sha256.Size]byte(h.Sum(nil))
}
