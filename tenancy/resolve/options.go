package resolve

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
)

// Options configure a [Resolver]. The zero value is valid.
type Options struct {
	// BaseDomain is the domain whose subdomains name tenants: with "example.com",
	// acme.example.com names the tenant acme. Defaults to "localhost".
	BaseDomain string

	// TrustedProxies are the networks of proxies whose X-Forwarded-Host,
	// X-Forwarded-For and X-Forwarded-Proto are trusted. Defaults to none.
	TrustedProxies []netip.Prefix

	// Sources are the host's own ways to name a tenant, besides the subdomain, X-Tenant-ID,
	// the path and the API key. Defaults to none.
	Sources []Source

	// CacheSize limits each of four caches: by slug and by id, for authenticated
	// and for unauthenticated callers. Unknown names are cached too. Defaults to
	// 20,000 entries.
	CacheSize int

	// ChangeNotifier notifies of changes of tenants in other processes:
	// services.ChangeNotifier. A change then invalidates the cached tenant, within
	// a second if notifications are late or lost. Defaults to none.
	ChangeNotifier ports.ChangeNotifier

	// TTL is how long an active tenant is cached. Without ChangeNotifier it is also
	// how long this process may not see a change in another process. Defaults to
	// 5 minutes, or to 1 s without ChangeNotifier.
	TTL time.Duration

	// UnknownTTL is how long it is cached that a name belongs to no tenant or to a
	// tenant that isn't active. Defaults to 2 s, or to TTL if that is shorter.
	UnknownTTL time.Duration

	// Clock returns the present time. Defaults to [time.Now].
	Clock func() time.Time
}

const (
	defaultBaseDomain = "localhost"
	defaultCacheSize  = 20_000
	defaultTTL        = 5 * time.Minute
	noNotifierTTL     = time.Second
	defaultUnknownTTL = 2 * time.Second
)

// Check returns an error that names the first invalid option. A program that
// reads its options from a configuration calls it before [New], which panics.
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
	for i, s := range o.Sources {
		if s == nil {
			return fmt.Errorf("Options.Sources[%d] is nil", i)
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
			o.TTL = noNotifierTTL
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
