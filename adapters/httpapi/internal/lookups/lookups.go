// Package lookups limits how often unknown credentials are looked up.
package lookups

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/maypok86/otter/v2"
	"golang.org/x/time/rate"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/fairqueue"
)

// The limits of what callers with unknown credentials cost the store.
const (
	unknownPerSecond = 50   // of one network, after the burst
	unknownBurst     = 1000 // also the mistakes of everybody who shares an address
	maxKnown         = 50_000
	maxNetworks      = 10_000
)

// atOnce is how many lookups of unknown credentials there are at a time.
var atOnce = fairqueue.Limits{Slots: 4, PerKey: 2, MaxWaiting: 200, MaxWait: 10 * time.Second}

// Limiter limits how often credentials that never were valid here are looked up:
// by the caller's network, and all together. Valid credentials are limited only at their first
// use, so that a stranger who shares their address doesn't stop them.
type Limiter struct {
	known   *otter.Cache[[sha256.Size]byte, struct{}] // hashes of credentials that were valid
	unknown *otter.Cache[string, *rate.Limiter]       // by network
	queue   *fairqueue.Queue[string]                  // by network
	now     func() time.Time
}

// New returns a limiter that has seen no credentials. now is the clock of its limits.
func New(now func() time.Time) *Limiter {
	return &Limiter{
		known: otter.Must(&otter.Options[[sha256.Size]byte, struct{}]{MaximumSize: maxKnown}),
		unknown: otter.Must(&otter.Options[string, *rate.Limiter]{
			MaximumSize: maxNetworks}),
		queue: fairqueue.New[string](atOnce), now: now,
	}
}

// Do calls find, which looks credentials up and returns [tenancy.CodeUnauthenticated] if they
// are unknown. It returns [tenancy.CodeTooManyAttempts] without a call if too many unknown
// credentials came from the network of ctx's request.
func (l *Limiter) Do(ctx context.Context, credentials string, find func() error) error {
	hash := sha256.Sum256([]byte(credentials))
	_, known := l.known.GetIfPresent(hash)
	if !known {
		leave, err := l.enter(ctx)
		if err != nil {
			return err
		}
		defer leave()
	}
	err := find()
	switch {
	case err == nil && !known:
		l.known.Set(hash, struct{}{})
	case tenancy.CodeOf(err) == tenancy.CodeUnauthenticated:
		l.known.Invalidate(hash)
		l.count(networkOf(ctx))
	}
	return err
}

// networkOf returns the network of ctx's request, "" if its address is unknown.
func networkOf(ctx context.Context) string {
	return tenancy.NetworkOf(tenancy.RequestFrom(ctx).Address)
}

// enter waits for the turn of a lookup of ctx's network, unless the network is refused.
func (l *Limiter) enter(ctx context.Context) (leave func(), err error) {
	network := networkOf(ctx)
	if leave, err = l.queue.Enter(ctx, network); err != nil {
		return nil, err
	}
	if err := l.check(network); err != nil {
		leave()
		return nil, err
	}
	return leave, nil
}

// check refuses a network that has used up its unknown credentials.
func (l *Limiter) check(network string) error {
	bucket, ok := l.unknown.GetIfPresent(network)
	if !ok {
		return nil
	}
	missing := 1 - bucket.TokensAt(l.now())
	if missing <= 0 {
		return nil
	}
	wait := time.Duration(missing / unknownPerSecond * float64(time.Second))
	return tenancy.RetryIn(tenancy.CodeTooManyAttempts, wait,
		"too many unknown credentials came from your address")
}

// count counts unknown credentials. An unknown address isn't a network: everybody would share
// its limit.
func (l *Limiter) count(network string) {
	if network == "" {
		return
	}
	bucket, _ := l.unknown.ComputeIfAbsent(network, func() (*rate.Limiter, bool) {
		return rate.NewLimiter(unknownPerSecond, unknownBurst), false
	})
	bucket.AllowN(l.now(), 1)
}
