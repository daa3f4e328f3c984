package resolve

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
)

// Options says how a [Resolver] works. The zero value works.
type Options struct {
	// BaseDomain is the domain whose subdomains name tenants: with
	// "example.com", acme.example.com names the tenant acme. Defaults to
	// "localhost".
	BaseDomain string

	// TrustedProxies are the addresses whose X-Forwarded-Host, -For and -Proto are
	// believed.
	// Defaults to none.
	TrustedProxies []netip.Prefix

	// CacheSize bounds how many tenants are remembered, by slug and by id each,
	// and for callers and for nobody each. Names of no tenant count too.
	// Defaults to 20,000.
	CacheSize int

	// ChangeNotifier tells what others change of tenants: services.ChangeNotifier.
	// What is remembered ends with a change of it then, and within a second where
	// announcements are late or lost. Defaults to none.
	ChangeNotifier ports.ChangeNotifier

	// TTL is how long an active tenant is remembered, and, without ChangeNotifier,
	// how long this process may take to see what another one changed. Defaults to
	// 5 minutes, or 1 s without ChangeNotifier.
	TTL time.Duration

	// UnknownTTL is how long it is remembered that a name belongs to no tenant
	// or to one that isn't active. Defaults to 2 s, or TTL if that is shorter.
	UnknownTTL time.Duration

	// Clock tells the time. Defaults to time.Now.
	Clock func() time.Time
}

const (
	defaultBaseDomain = "localhost"
	defaultCacheSize  = 20_000
	defaultTTL        = 5 * time.Minute
	unannouncedTTL    = time.Second
	defaultUnknownTTL = 2 * time.Second
)

// Check reports the first option that can't work, by its name. A program that
// takes its options from outside calls it before [New].
func (o Options) Check() error {
	if o.BaseDomain != "" {
		if err := checkDomain(normalDomain(o.BaseDomain)); err != nil {
			return fmt.Errorf("Options.BaseDomain %q: %w", o.BaseDomain, err)
		}
	}
	for i, p := range o.TrustedProxies {
		if !p.IsValid() {
			return fmt.Errorf("Options.TrustedProxies[%d] is not a network", i)
		}
	}
	switch {
	case o.CacheSize < 0:
		return fmt.Errorf("Options.CacheSize %d is negative", o.CacheSize)
	case o.TTL < 0:
		return fmt.Errorf("Options.TTL %v is negative", o.TTL)
	case o.UnknownTTL < 0:
		return fmt.Errorf("Options.UnknownTTL %v is negative", o.UnknownTTL)
	}
	return nil
}

func (o Options) withDefaults() Options {
	if o.BaseDomain == "" {
		o.BaseDomain = defaultBaseDomain
	}
	if o.CacheSize == 0 {
		o.CacheSize = defaultCacheSize
	}
	if o.TTL == 0 {
		o.TTL = defaultTTL
		if o.ChangeNotifier == nil {
			o.TTL = unannouncedTTL
		}
	}
	if o.UnknownTTL == 0 {
		o.UnknownTTL = min(defaultUnknownTTL, o.TTL)
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	return o
}
